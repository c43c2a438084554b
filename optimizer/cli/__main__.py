"""`python -m optimizer.cli` is `bursar`."""

import sys

from optimizer.cli import main

sys.exit(main())
