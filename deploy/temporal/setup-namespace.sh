#!/bin/sh
# Creates the namespace, or brings its retention to ninety days; `jidoka migrate` adds the search attributes.
set -eu
temporal operator namespace describe -n default >/dev/null 2>&1 ||
  temporal operator namespace create -n default --retention 2160h
temporal operator namespace update -n default --retention 2160h
