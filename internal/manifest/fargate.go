package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// fargateSizes are the memory sizes, in MiB, that Fargate pairs with each CPU
// size on Linux:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
var fargateSizes = []struct {
	cpu    int
	memory []int
}{
	{256, []int{512, 1024, 2048}},
	{512, steps(1024, 4096, 1024)},
	{1024, steps(2048, 8192, 1024)},
	{2048, steps(4096, 16384, 1024)},
	{4096, steps(8192, 30720, 1024)},
	{8192, steps(16384, 61440, 4096)},
	{16384, steps(32768, 122880, 8192)},
	{32768, []int{61440, 122880, 249856}},
}

// steps lists from, from+by, … to.
func steps(from, to, by int) []int {
	var out []int
	for v := from; v <= to; v += by {
		out = append(out, v)
	}
	return out
}

// memoryFor lists the memory sizes of a CPU size; none when Fargate lacks it.
func memoryFor(cpu int) []int {
	for _, s := range fargateSizes {
		if s.cpu == cpu {
			return s.memory
		}
	}
	return nil
}

// fargatePair fills in what is not given: both absent give the smallest task,
// one alone the smallest other that goes with it.
func fargatePair(cpu, memory int) (int, int) {
	switch {
	case cpu == 0 && memory == 0:
		return 256, 512
	case memory == 0:
		if sizes := memoryFor(cpu); len(sizes) > 0 {
			return cpu, sizes[0]
		}
		return cpu, 0
	case cpu == 0:
		for _, s := range fargateSizes {
			if slices.Contains(s.memory, memory) {
				return s.cpu, memory
			}
		}
	}
	return cpu, memory
}

// cpuFix names the CPU sizes next to an impossible one.
func cpuFix(cpu int) string {
	below, above := 0, 0
	for _, s := range fargateSizes {
		if s.cpu < cpu {
			below = s.cpu
		}
		if s.cpu > cpu && above == 0 {
			above = s.cpu
		}
	}
	return fmt.Sprintf("use %s; Fargate has 256, 512, 1024, 2048, 4096, 8192, 16384 and 32768", either(below, above, ""))
}

// pairFix names the nearest pairs to an impossible one: the memory sizes around
// the given one for this CPU, and the CPU sizes that take the given memory.
func pairFix(cpu, memory int) string {
	below, above := around(memoryFor(cpu), memory)
	fix := fmt.Sprintf("with cpu: %d use memory: %s", cpu, either(below, above, ""))
	var cpus []string
	for _, s := range fargateSizes {
		if slices.Contains(s.memory, memory) {
			cpus = append(cpus, fmt.Sprint(s.cpu))
		}
	}
	if len(cpus) > 0 {
		fix += fmt.Sprintf("; with memory: %d use cpu: %s", memory, orJoin(cpus))
	}
	return fix
}

// orJoin is "a, b or c".
func orJoin(items []string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	last := len(items) - 1
	return strings.Join(items[:last], ", ") + " or " + items[last]
}

// around are the sizes below and above a value, 0 where there is none.
func around(sizes []int, value int) (below, above int) {
	for _, s := range sizes {
		if s <= value {
			below = s
		}
		if s > value && above == 0 {
			above = s
		}
	}
	return below, above
}

// either joins the one or two values that are there.
func either(a, b int, unit string) string {
	switch {
	case a == 0:
		return fmt.Sprintf("%d%s", b, unit)
	case b == 0:
		return fmt.Sprintf("%d%s", a, unit)
	}
	return fmt.Sprintf("%d%s or %d%s", a, unit, b, unit)
}
