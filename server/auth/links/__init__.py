"""Links in mails, each of which lets whoever can read the mail do one thing, once."""
