#!/bin/sh
# Prints the command that serves moto, the independent emulator of AWS, and
# installs it into .venv when the machine has none. Fails when it cannot.
set -eu
cd "$(dirname "$0")/.."
if command -v moto_server >/dev/null 2>&1; then
	command -v moto_server
	exit 0
fi
if [ ! -x .venv/bin/moto_server ]; then
	echo 'installing moto into .venv' >&2
	command -v python3 >/dev/null 2>&1 || { echo 'the wire tests need python3 for moto' >&2; exit 1; }
	python3 -m venv .venv >&2
	.venv/bin/pip install --quiet 'moto[server]==5.*' >&2
fi
echo "$PWD/.venv/bin/moto_server"
