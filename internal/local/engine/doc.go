// Package engine is a Docker-compatible container engine as the local region
// uses it: containers, images, one network, volumes, logs, processes inside
// containers and their use of CPU and memory, over the Engine API from version
// 1.41 (Docker 20.10) on, see https://docs.docker.com/reference/api/engine/.
//
// Whatever it makes carries the label of one home, and it neither lists, changes
// nor removes anything that does not. It decides nothing; who runs tasks does.
package engine
