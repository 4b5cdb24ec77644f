"""What the end-to-end tests stand on: services, settings, the program, tables, waiting."""
