"""Use cases shared by REST, command line, devices and activities. Each opens its own transaction and returns plain
records; who may ask was decided before."""
