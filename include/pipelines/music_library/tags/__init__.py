"""From the tags of a file to the columns of a recording."""
