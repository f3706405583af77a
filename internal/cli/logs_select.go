package cli

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/moby/buildkit/util/suggest"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/manifest"
	"github.com/ecsail/ecsail/internal/ui"
)

// logSources are where the named services and tasks write; without names, where
// everything of the environment does.
func (s *session) logSources(ctx context.Context, words []string, container string) ([]awsx.LogSource, error) {
	if len(words) == 0 {
		all, err := s.env.LogSources(ctx)
		return narrow(all, container), err
	}
	var out []awsx.LogSource
	for _, w := range words {
		found, err := s.logWord(ctx, w, container)
		if err != nil {
			return nil, err
		}
		for _, src := range found {
			if !slices.Contains(out, src) {
				out = append(out, src)
			}
		}
	}
	return out, nil
}

func narrow(sources []awsx.LogSource, container string) []awsx.LogSource {
	if container != "" {
		for i := range sources {
			sources[i] = sources[i].Of(container, "")
		}
	}
	return sources
}

// logWord resolves one word: a service, or a task.
func (s *session) logWord(ctx context.Context, word, container string) ([]awsx.LogSource, error) {
	if svc := s.m.Services[word]; svc != nil {
		if names := containersOf(svc); container != "" && !slices.Contains(names, container) {
			return nil, inputf("--container %s: %s has no such container, only %s", container, word, strings.Join(names, ", "))
		}
		return narrow([]awsx.LogSource{s.env.LogSource(word)}, container), nil
	}
	ref, ok := parseTask(word)
	if !ok {
		return nil, noService(word, s.m)
	}
	if container != "" {
		ref.container = container
	}
	found, err := s.liveTaskSources(ctx, ref)
	if err != nil || len(found) > 0 {
		return found, err
	}
	return s.pastTaskSources(ctx, ref)
}

// taskRef is a task as people write it.
type taskRef struct {
	word               string
	service, container string // empty: any
	id                 string // or the start of it
}

var taskID = regexp.MustCompile(`^[0-9a-f]{3,36}$`)

// parseTask reads an id, an ARN, or SERVICE/ID[/CONTAINER] as log lines begin.
func parseTask(word string) (taskRef, bool) {
	ref := taskRef{word: word}
	parts := strings.Split(word, "/")
	switch {
	case strings.HasPrefix(word, "arn:"):
		ref.id = parts[len(parts)-1]
	case len(parts) == 1:
		ref.id = word
	case len(parts) <= 3:
		ref.service, ref.id = parts[0], parts[1]
		ref.container = strings.Join(parts[2:], "")
	}
	return ref, taskID.MatchString(ref.id)
}

// matches reports whether a task is meant.
func (r taskRef) matches(t awsx.Task) bool {
	return strings.HasPrefix(t.ID, r.id) && (r.service == "" || r.service == t.Service)
}

// liveTaskSources looks for a task among those that ECS remembers; none when it
// is not there.
func (s *session) liveTaskSources(ctx context.Context, ref taskRef) ([]awsx.LogSource, error) {
	tasks, err := s.env.Tasks(ctx, awsx.TaskFilter{Stopped: true})
	if err != nil {
		return nil, err
	}
	t, found, err := only(tasks, ref)
	if err != nil || !found {
		return nil, err
	}
	var out []awsx.LogSource
	for _, c := range t.ContainerNames() {
		if ref.container == "" || ref.container == c {
			out = append(out, s.env.LogSource(t.Service).Of(c, t.ID))
		}
	}
	if len(out) == 0 {
		return nil, inputf("--container %s: the task has no such container, only %s", ref.container, strings.Join(t.ContainerNames(), ", "))
	}
	return out, nil
}

// only is the one task that is meant.
func only(tasks []awsx.Task, ref taskRef) (awsx.Task, bool, error) {
	tasks = slices.DeleteFunc(slices.Clone(tasks), func(t awsx.Task) bool { return !ref.matches(t) })
	switch len(tasks) {
	case 0:
		return awsx.Task{}, false, nil
	case 1:
		return tasks[0], true, nil
	}
	var ids []string
	for _, t := range tasks {
		ids = append(ids, t.Service+"/"+t.ID)
	}
	return awsx.Task{}, false, inputf("%s: that is how %d tasks begin: %s", ref.word, len(tasks), strings.Join(ids, ", "))
}

// pastTaskSources looks for the streams of a task that ECS has forgotten.
func (s *session) pastTaskSources(ctx context.Context, ref taskRef) ([]awsx.LogSource, error) {
	var candidates []awsx.LogSource
	for _, name := range s.m.ServiceNames() {
		for _, c := range containersOf(s.m.Services[name]) {
			if (ref.service == "" || ref.service == name) && (ref.container == "" || ref.container == c) {
				candidates = append(candidates, s.env.LogSource(name).Of(c, ref.id))
			}
		}
	}
	found, err := awsx.Parallel(ctx, candidates, s.env.TaskStreams)
	if err != nil {
		return nil, err
	}
	ids := slices.Concat(found...)
	slices.Sort(ids)
	switch ids = slices.Compact(ids); len(ids) {
	case 0:
		return nil, inputf("%s: there is no such service, and no task whose id begins like that has logs", ref.word)
	case 1:
	default:
		return nil, inputf("%s: that is how %s begin: %s", ref.word, ui.Count(len(ids), "task"), strings.Join(ids, ", "))
	}
	var out []awsx.LogSource
	for i, c := range candidates {
		if len(found[i]) > 0 {
			out = append(out, c)
		}
	}
	return out, nil
}

// containersOf are the containers of a service's tasks, its own first.
func containersOf(svc *manifest.Service) []string {
	out := []string{svc.Name}
	for _, sc := range svc.Sidecars {
		out = append(out, sc.Name)
	}
	return out
}

// noService is the error of a word that names no service.
func noService(name string, m *manifest.Manifest) error {
	if strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") {
		return inputf("%s: there is no such service; a manifest is named with --file (in logs, -f is --follow)", name)
	}
	if best, ok := suggest.Search(name, m.ServiceNames(), false); ok {
		return inputf("%s: there is no such service; did you mean %s?", name, best)
	}
	return inputf("%s: there is no such service, only %s", name, strings.Join(m.ServiceNames(), ", "))
}
