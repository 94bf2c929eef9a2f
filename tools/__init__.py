"""What builds and checks this repository; nothing here is shipped. `make help` lists what runs it."""
