"""`python -m include.cli`, which the launcher calls."""

import sys

from include.cli.app import main

sys.exit(main())
