package awsx

// Memory is what a resource type remembers under a key for as long as the
// environment lives: zero at first, the same for all who ask for it. The key's
// type must be the caller's own. It is no cache of what AWS may change: only of
// what cannot, and of what was told already.
func Memory[T any](e *Env, key any) *T {
	v, _ := e.memory.LoadOrStore(key, new(T))
	return v.(*T)
}
