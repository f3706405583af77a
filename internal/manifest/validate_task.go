package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// maxContainers is ECS's bound on the containers of a task:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
const maxContainers = 10

// checkContainer checks the settings that services and sidecars share.
func (c *checker) checkContainer(k Container, p *path) {
	for _, u := range k.Ulimits {
		at := p.add("ulimits").add(u.Name)
		if u.Name != "nofile" {
			// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Ulimit.html
			c.keyf(at, "remove it", "Fargate lets only nofile differ from its defaults, not %q", shorten(u.Name))
		}
		if u.Soft > u.Hard {
			c.errf(at, "raise hard, or lower soft", "the soft limit %d is above the hard limit %d", u.Soft, u.Hard)
		}
	}
	size := 0
	for _, arg := range slices.Concat(k.Command, k.Entrypoint) {
		size += len(arg)
	}
	if size > maxTaskDefinition {
		c.errf(p.add("command"), "move it into the image", "the command has %d bytes; a task definition has 64 KB in all", size)
	}
}

// maxTaskDefinition is the size of a task definition:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
const maxTaskDefinition = 64 << 10

// checkSidecars checks the other containers of the task.
func (c *checker) checkSidecars(s *Service, p *path) {
	if n := len(s.Sidecars) + 1; n > maxContainers {
		c.errf(p, "move some into services of their own", "%d containers; a task has at most %d, the service's own included", n, maxContainers)
	}
	edges := map[string][]string{}
	cpu, memory := 0, 0
	for _, side := range s.Sidecars {
		at := p.add(side.Name)
		if side.Name == s.Name || strings.HasPrefix(side.Name, "ecs-service-connect") {
			c.keyf(at, "choose another name", "the name %q belongs to another container of the task", side.Name)
		}
		if side.Image != "" {
			c.checkImageAt(at.add("image"), side.Image)
		}
		c.checkContainer(side.Container, at)
		c.checkSideHealth(side, at.add("health"))
		edges[side.Name] = sortedKeys(side.DependsOn)
		c.checkStart(s, side, at.add("depends_on"))
		cpu, memory = cpu+side.CPU, memory+side.Memory
	}
	for _, cycle := range cycles(edges) {
		c.errf(p.add(cycle[0]).add("depends_on"), "remove one of the dependencies", "these containers wait for each other: %s", strings.Join(cycle, " → "))
	}
	if cpu >= s.CPU && cpu > 0 {
		c.errf(p, "raise the service's cpu, or lower theirs", "the sidecars set %d CPU units aside; the task has %d, and its own container needs some", cpu, s.CPU)
	}
	if memory >= s.Memory && memory > 0 {
		c.errf(p, "raise the service's memory, or lower theirs", "the sidecars set %d MiB aside; the task has %d, and its own container needs some", memory, s.Memory)
	}
}

// checkSideHealth wants a probe to end before the next.
func (c *checker) checkSideHealth(side Sidecar, p *path) {
	h := side.Health
	if len(h.Command) > 0 && h.Timeout >= h.Interval && c.usable(p.add("timeout")) && c.usable(p.add("interval")) {
		c.errf(p, "make the timeout shorter than the interval", "the timeout %s is not shorter than the interval %s", FormatDuration(h.Timeout), FormatDuration(h.Interval))
	}
}

// checkStart checks that a container can become what another waits for:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html
func (c *checker) checkStart(s *Service, side Sidecar, p *path) {
	for _, name := range sortedKeys(side.DependsOn) {
		condition, p := side.DependsOn[name], p.add(name)
		essential, probed, known := container(s, name)
		switch {
		case name == side.Name:
			c.errf(p, "remove it", "the container %s waits for itself", name)
		case !known:
			c.errf(p, didYouMean(name, containerNames(s)), "the task has no container %q", shorten(name))
		case condition == "HEALTHY" && !probed:
			c.errf(p, fmt.Sprintf("give %s a health command, or wait for start", name), "the container %s has no health command, so it never becomes healthy", name)
		case (condition == "COMPLETE" || condition == "SUCCESS") && essential:
			c.errf(p, fmt.Sprintf("set `essential: false` for %s", name), "the task ends when %s does, so nothing can wait for its end", name)
		}
	}
}

// container tells what of a container others may wait for.
func container(s *Service, name string) (essential, probed, known bool) {
	if name == s.Name {
		return true, len(s.Health.Command) > 0, true
	}
	for _, side := range s.Sidecars {
		if side.Name == name {
			return side.Essential, len(side.Health.Command) > 0, true
		}
	}
	return false, false, false
}

// containerNames are the containers of the task.
func containerNames(s *Service) []string {
	out := []string{s.Name}
	for _, side := range s.Sidecars {
		if side.Name != s.Name {
			out = append(out, side.Name)
		}
	}
	return out
}

// checkVolumes refuses two volumes at one place or of one name.
func (c *checker) checkVolumes(s *Service, p *path) {
	paths, volumeNames := map[string]bool{}, map[string]bool{}
	for i, v := range s.Volumes {
		at := c.element(p, i)
		where := strings.TrimRight(v.Path, "/")
		switch {
		case where == "" && v.Path != "":
			c.errf(at.add("path"), "choose a directory below /", "a volume cannot replace the root file system")
		case paths[where]:
			c.errf(at.add("path"), "give each volume its own path", "two volumes are mounted at %s", v.Path)
		case strings.Contains(v.Path, ":"):
			c.errf(at.add("path"), "a path without a colon", "a container path cannot hold a colon")
		}
		if strings.HasPrefix(v.Name, scratchPrefix) {
			c.errf(at.add("name"), "choose another name", "volume names that start with %s belong to the writable /tmp of read-only containers", scratchPrefix)
		}
		if volumeNames[v.Name] && !paths[where] && where != "" {
			c.errf(at, "give it a `name`", "two volumes are named %s", v.Name)
		}
		paths[where], volumeNames[v.Name] = true, true
	}
}
