"""A small music library that is generated: real files of many kinds, with the defects that libraries have."""
