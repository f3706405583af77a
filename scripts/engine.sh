#!/usr/bin/env bash
# Makes sure that container engines are there for the tests of the local region. An
# engine that answers is used as it is. Otherwise, as root on Debian or Ubuntu with
# CI=true, Docker is installed and started, and what the tests with other engines
# need is installed; elsewhere that is left to the machine's owner.
set -euo pipefail

answers() { curl -fsS --max-time 3 --unix-socket /var/run/docker.sock http://docker/_ping >/dev/null 2>&1; }
has() { command -v "$1" >/dev/null; }

if [ "${CI:-}" = true ] && [ "$(id -u)" = 0 ] && has apt-get; then
	if ! { has dockerd && has iptables && has curl && has ip && has nsenter && has podman; }; then
		apt-get update -qq
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
			docker.io iptables curl iproute2 util-linux procps podman >/dev/null
	fi
	if [ -n "${DOCKER_HOST:-}" ] || answers; then
		exit 0
	fi
else
	if [ -z "${DOCKER_HOST:-}" ] && ! answers; then
		echo '*** no container engine answers: the tests of the local region with real containers will NOT run ***' >&2
	fi
	exit 0
fi
mkdir -p bin
nohup dockerd >bin/dockerd.log 2>&1 &
for _ in $(seq 100); do
	answers && exit 0
	sleep 0.3
done
echo 'dockerd does not answer; its last words:' >&2
tail -20 bin/dockerd.log >&2
exit 1
