"""`python -m bytefit` is the `bytefit` command."""

import sys

from bytefit.cli.main import main

if __name__ == "__main__":  # the processes of `fix --jobs` load this module, too
    sys.exit(main())
