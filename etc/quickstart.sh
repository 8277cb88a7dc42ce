#!/bin/sh
# Prints the configuration that "make run" starts with.
#   quickstart.sh DIRECTORY
set -eu
cat <<EOT
# Made by "make run"; yours to change.
[DEFAULT]
bind_host = 127.0.0.1
bind_port = 9292
auth_strategy = local
sql_connection = sqlite:///$1/glance.sqlite
filesystem_store_datadir = $1/images
EOT
