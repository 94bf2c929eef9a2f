"""Looking after accounts: inviting, disabling, erasing them, and giving them roles."""
