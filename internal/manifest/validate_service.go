package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// reservedNames cannot be services: they mean something else inside a task.
var reservedNames = []string{"localhost", "ecs-service-connect", "ecsail"}

// checkService runs the checks of one service.
func (c *checker) checkService(s *Service, p *path) {
	if !c.usable(p) {
		return
	}
	if slices.Contains(reservedNames, s.Name) {
		c.keyf(p, "choose another name", "the name %q is reserved", s.Name)
	}
	c.checkSource(s, p)
	c.checkSize(s, p)
	c.checkPorts(s, p)
	c.checkRoutes(s, p)
	c.checkHealth(s, p.add("health"))
	c.checkScale(s, p)
	c.checkVariables(s, p)
	c.checkReferences(s, p)
	c.checkContainer(s.Container, p)
	c.checkSidecars(s, p.add("sidecars"))
	c.checkVolumes(s, p.add("volumes"))
	c.checkDeploy(s, p.add("deploy"))
	c.checkPermissions(s, p.add("permissions"))
	c.checkServiceNetwork(s, p.add("network"))
	c.checkLogs(s, p.add("logs").add("retention"))
	c.checkTags(p.add("tags"), s.Tags, maxTags-len(c.m.Tags))
	c.checkExec(s, p.add("exec"))
}

// checkSource wants an image or a build.
func (c *checker) checkSource(s *Service, p *path) {
	if s.Image == "" && s.Build == nil && c.usable(p.add("image")) && c.usable(p.add("build")) {
		c.errf(p, "add `image: repo/name:tag`, or `build: ./directory`", "the service %s has neither an image nor a build", s.Name)
	}
	if written := string(c.raw.Services[s.Name].Image); written != "" {
		c.checkImageAt(p.add("image"), written)
	}
	if s.Build == nil {
		return
	}
	for i, platform := range s.Build.Platforms {
		if want := map[string]string{"x86_64": "linux/amd64", "arm64": "linux/arm64"}[s.Arch]; !slices.Contains([]string{"linux/amd64", "linux/arm64"}, platform) {
			c.errf(c.element(p.add("build").add("platforms"), i), "linux/amd64 or linux/arm64", "%q is no platform that Fargate runs", shorten(platform))
		} else if !slices.Contains(s.Build.Platforms, want) {
			c.errf(c.element(p.add("build").add("platforms"), i), fmt.Sprintf("add %s, or change `arch`", want), "the service runs on %s and its image is not built for it", s.Arch)
		}
	}
}

// checkImageAt checks a reference in the file.
func (c *checker) checkImageAt(p *path, ref string) {
	if ft := checkImage(ref); ft != nil {
		c.errf(p, ft.fix, "%s", ft.message)
	} else if floating(ref) {
		c.warnf(p, "name a version, or a digest", "the image %s changes by itself: the same manifest would run different code", shorten(ref))
	}
}

// checkSize wants a pair that Fargate has. A limit below is checked on what
// the manifest says, not on what was filled in.
func (c *checker) checkSize(s *Service, p *path) {
	cpu, memory := p.add("cpu"), p.add("memory")
	if !c.usable(cpu) || !c.usable(memory) {
		return
	}
	switch sizes := memoryFor(s.CPU); {
	case c.has(cpu) && sizes == nil:
		c.errf(cpu, cpuFix(s.CPU), "%d is no Fargate CPU size", s.CPU)
	case !c.has(cpu) && c.has(memory) && s.CPU == 0:
		c.errf(memory, memoryFix(s.Memory), "%d MiB is no Fargate memory size", s.Memory)
	case sizes != nil && !slices.Contains(sizes, s.Memory):
		at, other := memory, cpu
		if c.line(cpu) > c.line(memory) {
			at, other = cpu, memory
		}
		where := ""
		if c.line(at) != c.line(other) && c.has(other) {
			where = fmt.Sprintf(" (see line %d too)", c.line(other))
		}
		c.errf(at, pairFix(s.CPU, s.Memory), "Fargate has no task of %d CPU units and %d MiB%s", s.CPU, s.Memory, where)
	}
}

// memoryFix names the sizes around an impossible one.
func memoryFix(memory int) string {
	var all []int
	for _, s := range fargateSizes {
		all = append(all, s.memory...)
	}
	slices.Sort(all)
	below, above := around(all, memory)
	return fmt.Sprintf("use %s", either(below, above, ""))
}

// checkPorts refuses ports and names that occur twice in a task.
func (c *checker) checkPorts(s *Service, p *path) {
	numbers, portNames := map[int]string{}, map[string]bool{}
	for i, port := range s.Ports {
		at := c.element(p.add("port"), i)
		if other, taken := numbers[port.Port]; taken && port.Port != 0 {
			c.errf(at.add("port"), "give each port its own number", "the port %d is used twice; %s has it already", port.Port, other)
		}
		if portNames[port.Name] {
			c.errf(at.add("name"), "give each port its own name", "the port name %q is used twice", port.Name)
		}
		numbers[port.Port], portNames[port.Name] = port.Name, true
	}
	for _, side := range s.Sidecars {
		if other, taken := numbers[side.Port]; taken && side.Port != 0 {
			c.errf(p.add("sidecars").add(side.Name).add("port"), "containers of a task share one network: give each port its own number",
				"the port %d is used twice; %s has it already", side.Port, other)
		}
		numbers[side.Port] = side.Name
	}
}

// checkReferences checks the names of other services.
func (c *checker) checkReferences(s *Service, p *path) {
	for _, key := range []string{"calls", "depends_on"} {
		list := s.Calls
		if key == "depends_on" {
			list = s.DependsOn
		}
		c.unique(p.add(key), "service", list)
		for i, name := range list {
			at, other := c.element(p.add(key), i), c.m.Services[name]
			switch {
			case name == s.Name:
				c.errf(at, "remove it", "the service %s names itself in `%s`", name, key)
			case other == nil:
				c.errf(at, didYouMean(name, c.m.ServiceNames()), "there is no service %q", shorten(name))
			case key == "calls" && len(other.Ports) == 0 && c.usable(root("services", name, "port")):
				c.errf(at, fmt.Sprintf("add `port:` to %s", name), "the service %s has no port, so nothing can call it", name)
			}
		}
	}
}

// checkDependsCycle refuses services that wait for each other. Calls may go
// round: they order nothing.
func (c *checker) checkDependsCycle() {
	edges := map[string][]string{}
	for name, s := range c.m.Services {
		edges[name] = s.DependsOn
	}
	for _, cycle := range cycles(edges) {
		c.errf(root("services", cycle[0], "depends_on"), "remove one of the dependencies; `calls` may go round",
			"these services wait for each other, so none would start: %s", strings.Join(cycle, " → "))
	}
}

// cycles finds rings in a graph, each once, closed by its first node.
func cycles(edges map[string][]string) [][]string {
	const open, done = 1, 2
	state := map[string]int{}
	var stack []string
	var found [][]string
	var visit func(string)
	visit = func(name string) {
		state[name] = open
		stack = append(stack, name)
		for _, next := range edges[name] {
			if state[next] == open && next != name {
				ring := slices.Clone(stack[slices.Index(stack, next):])
				found = append(found, append(ring, next))
			}
			if _, known := edges[next]; known && state[next] == 0 {
				visit(next)
			}
		}
		stack = stack[:len(stack)-1]
		state[name] = done
	}
	for _, name := range sortedKeys(edges) {
		if state[name] == 0 {
			visit(name)
		}
	}
	return found
}

// checkDeploy refuses bounds that leave a deployment no room to move.
func (c *checker) checkDeploy(s *Service, p *path) {
	d := s.Deploy
	switch n := s.tasks(); {
	case d.MinPercent >= 100 && d.MaxPercent <= 100:
		c.errf(p.add("max_percent"), "use max_percent: 200, or a min_percent below 100", "with min_percent 100 and max_percent 100 no task may start before one stops, and none may stop: a deployment could never move")
	case n > 0 && n*d.MaxPercent/100 <= n && (n*d.MinPercent+99)/100 >= n:
		// ECS rounds the upper bound down and the lower one up:
		// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
		c.errf(p.add("max_percent"), "use max_percent: 200, or a lower min_percent", "of the %d tasks that run at least, %d%% rounds down to %d and %d%% rounds up to %d: a deployment could never move",
			n, d.MaxPercent, n*d.MaxPercent/100, d.MinPercent, (n*d.MinPercent+99)/100)
	}
	if !d.Breaker && (c.has(p.add("breaker").add("threshold")) || c.has(p.add("breaker").add("rollback"))) {
		c.errf(p.add("breaker"), "remove `enabled: false`", "the circuit breaker is off, so its settings mean nothing")
	}
	c.unique(p.add("alarms"), "alarm", d.Alarms)
}

// checkServiceNetwork bounds the security groups: an interface has five, one is ours.
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups
func (c *checker) checkServiceNetwork(s *Service, p *path) {
	groups := p.add("security_groups")
	if len(s.Groups) > 4 {
		c.errf(groups, "keep the four that matter", "%d security groups; a network interface has five, and one is ecsail's own", len(s.Groups))
	}
	c.unique(groups, "security group", s.Groups)
}

// retentionDays are the values that CloudWatch Logs takes:
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
var retentionDays = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// checkLogs wants a retention that CloudWatch Logs has.
func (c *checker) checkLogs(s *Service, p *path) {
	have := s.Logs.RetentionDays
	if slices.Contains(retentionDays, have) {
		return
	}
	below, above := around(retentionDays, have)
	c.errf(p, fmt.Sprintf("use %s; CloudWatch Logs has %s", either(below, above, "d"), joinDays()), "CloudWatch Logs cannot keep lines for %d days", have)
}

// joinDays lists the retentions.
func joinDays() string {
	var out []string
	for _, d := range retentionDays {
		out = append(out, fmt.Sprintf("%dd", d))
	}
	return strings.Join(out, ", ")
}

// checkExec refuses a shell where ECS Exec cannot write its agent's files:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html#ecs-exec-considerations
func (c *checker) checkExec(s *Service, p *path) {
	if s.Exec && s.Container.ReadOnly {
		c.errf(p, "set `exec: false`, or `read_only: false` while you need a shell", "ECS Exec needs a writable root file system, and read_only is true (line %d)", c.line(root("services", s.Name, "read_only")))
	}
}

// tasks is how many tasks run at least.
func (s *Service) tasks() int {
	if s.Scale != nil {
		return s.Scale.Min
	}
	return s.Count
}
