"""The database and the disk it is on."""
