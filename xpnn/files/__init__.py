"""Files: arrays and plain data on the disk.  Nothing here knows what a network is."""
