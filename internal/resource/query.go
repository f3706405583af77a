package resource

import (
	"context"
	"sync"
)

// The ownership tags. Every taggable resource carries the three of them from
// its first mutating call.
const (
	TagApp     = "ecsail:app"
	TagEnv     = "ecsail:env"
	TagAddress = "ecsail:address"

	// TagSpec holds the hash of the spec that was last applied: a live resource
	// that differs although the hash is still the wanted one has drifted.
	TagSpec = "ecsail:spec"

	// AppEnv is TagEnv's value on what belongs to the application as a whole.
	AppEnv = "-"
)

// Query tells a List what is looked for.
type Query struct {
	App, Env string          // Env is AppEnv for application-scoped types
	Names    map[string]Addr // wanted physical names, to notice foreign owners of them
	Wanted   []*Node         // wanted nodes of this kind, references resolved as far as known
}

// Match decides about one live resource from its physical name (empty when it
// has none that is unique) and its tags: its address if it is ours; its
// address and its seeming owner if it has a wanted name but not our tags; not
// ok if it is none of our business.
func (q Query) Match(name string, tags map[string]string) (addr Addr, foreign string, ok bool) {
	if q.Ours(tags) {
		return Addr(tags[TagAddress]), "", true
	}
	if a, wanted := q.Names[name]; wanted && name != "" {
		return a, OwnerOf(tags), true
	}
	return "", "", false
}

// Ours reports whether tags are those of this application and scope.
func (q Query) Ours(tags map[string]string) bool {
	return tags[TagApp] == q.App && tags[TagEnv] == q.Env && tags[TagAddress] != ""
}

// OwnerOf guesses from its tags who owns a resource, in words for a person.
func OwnerOf(tags map[string]string) string {
	if app := tags[TagApp]; app != "" {
		return "application " + app + ", environment " + tags[TagEnv] + " (ecsail)"
	}
	for _, h := range ownerHints {
		if v := tags[h.key]; v != "" {
			return h.words + " " + v
		}
	}
	return "something else (it carries no ownership tag)"
}

var ownerHints = []struct{ key, words string }{
	{"aws:cloudformation:stack-name", "CloudFormation stack"},
	{"copilot-application", "Copilot application"},
	{"sst:app", "SST application"},
	{"pulumi:project", "Pulumi project"},
	{"terraform", "Terraform"}, {"Terraform", "Terraform"}, {"managed-by", "manager"}, {"ManagedBy", "manager"},
	{"Owner", "owner"}, {"owner", "owner"},
}

// OwnTags are the ownership tags of a node with the user's under them.
func (n *Node) OwnTags(app, env string) map[string]string {
	if n.Scope == AppScope {
		env = AppEnv
	}
	tags := map[string]string{TagApp: app, TagEnv: env, TagAddress: string(n.Addr), TagSpec: n.Hash()}
	for k, v := range n.Tags {
		if _, own := tags[k]; !own {
			tags[k] = v
		}
	}
	return tags
}

type memoKey struct{}

type memo struct {
	mu      sync.Mutex
	answers map[any]*answer
}

type answer struct {
	done chan struct{}
	v    any
	err  error
}

// WithMemo starts a round of observation: within it, Once runs each sweep once.
func WithMemo(ctx context.Context) context.Context {
	return context.WithValue(ctx, memoKey{}, &memo{answers: map[any]*answer{}})
}

// InRound reports whether ctx is in a round of observation.
func InRound(ctx context.Context) bool { return ctx.Value(memoKey{}) != nil }

// Once returns f's answer, asked once per round of observation and key: types
// that read the same thing share one sweep. Without a round it just calls f.
func Once[T any](ctx context.Context, key any, f func() (T, error)) (T, error) {
	m, ok := ctx.Value(memoKey{}).(*memo)
	if !ok {
		return f()
	}
	m.mu.Lock()
	a, asked := m.answers[key]
	if !asked {
		a = &answer{done: make(chan struct{})}
		m.answers[key] = a
	}
	m.mu.Unlock()
	if !asked {
		a.v, a.err = f()
		close(a.done)
	}
	<-a.done // a channel, not a lock: virtual time passes while others wait
	v, _ := a.v.(T)
	return v, a.err
}
