"""`python -m bytefit` is the `bytefit` command."""

import sys

from bytefit.cli import main

sys.exit(main())
