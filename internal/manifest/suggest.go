package manifest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// sortedKeys returns a map's keys in order.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}

// didYouMean is the fix for an unknown word: the nearest known one, or all.
func didYouMean(word string, known []string) string {
	if best := nearest(word, known); best != "" {
		return fmt.Sprintf("did you mean `%s`?", best)
	}
	switch {
	case len(known) == 0:
		return ""
	case len(known) > 30:
		return "one of " + strings.Join(known[:30], ", ") + ", …"
	}
	return "one of " + strings.Join(known, ", ")
}

// foreignWords are what people bring from Compose, Kubernetes, Copilot or
// Terraform, and the word for it here.
var foreignWords = map[string]string{
	"ports": "port", "container_port": "port", "environment": "env", "variables": "env", "environment_variables": "env",
	"healthcheck": "health", "health_check": "health", "replicas": "count", "desired_count": "count", "instances": "count",
	"mem": "memory", "mem_limit": "memory", "cpus": "cpu", "scaling": "scale", "autoscaling": "scale", "desired": "count",
	"working_dir": "workdir", "links": "calls", "cmd": "command", "args": "command", "platform": "arch",
	"architecture": "arch", "path": "route", "paths": "route", "routes": "route", "vpc_id": "vpc", "iam": "permissions", "policy": "permissions",
	"databases": "resources", "name": "app", "application": "app", "alb": "load_balancer", "cron": "jobs",
	"amd64": "x86_64", "x86": "x86_64", "aarch64": "arm64", "retries": "unhealthy", "target_port": "port", "stop_timeout": "stop_grace_period",
	"readonly": "read_only", "read_only_root_filesystem": "read_only", "public_subnets": "public", "private_subnets": "private",
	"one": "single", "all": "per-zone", "yes": "true", "https": "http", "desired_tasks": "count", "labels": "tags", "az": "zones", "azs": "zones", "availability_zones": "zones",
}

// nearest is the known word that a person most likely meant, or nothing.
func nearest(word string, known []string) string {
	folded := fold(word)
	if foreign, ok := foreignWords[folded]; ok && slices.Contains(known, foreign) {
		return foreign
	}
	best, least := "", len(folded)/3+1
	for _, k := range known {
		other := fold(k)
		if other == folded {
			return k
		}
		if d := distance(folded, other); d <= least && d < max(len(folded), len(other)) && (d < least || best == "") {
			best, least = k, d
		}
	}
	if best == "" {
		best = nearestForeign(folded, known)
	}
	return best
}

// nearestForeign forgives one slip in a word from elsewhere: enviroment.
func nearestForeign(folded string, known []string) string {
	for _, word := range sortedKeys(foreignWords) {
		if len(folded) > 4 && distance(folded, word) == 1 && slices.Contains(known, foreignWords[word]) {
			return foreignWords[word]
		}
	}
	return ""
}

// fold makes stopGracePeriod, stop-grace-period and stop_grace_period one word.
func fold(word string) string {
	var b strings.Builder
	for i, r := range word {
		switch {
		case r == '-' || r == ' ':
			b.WriteByte('_')
		case r >= 'A' && r <= 'Z':
			if i > 0 && word[i-1] >= 'a' && word[i-1] <= 'z' {
				b.WriteByte('_')
			}
			b.WriteRune(r + 'a' - 'A')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// distance is the number of letters to insert, drop, replace or swap with their
// neighbour to turn a into b (optimal string alignment). Words longer than any
// key are as far away as their length.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b))
	}
	before, previous, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(previous[j]+1, row[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, previous, row = previous, row, before
	}
	return previous[len(b)]
}
