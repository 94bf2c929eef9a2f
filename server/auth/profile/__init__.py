"""What people do with their own accounts, but for passwords and apps."""
