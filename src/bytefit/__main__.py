"""`python -m bytefit` is the `bytefit` command."""

import sys

from bytefit.cli.main import main

sys.exit(main())
