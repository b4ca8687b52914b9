"""Size budgets for files: select the files, compare them with their budgets, report and fix those over budget."""
