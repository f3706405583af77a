package balancer

import "sync"

// news tells about health changes one after the other, in their order, from a
// goroutine that holds no lock: who is told may call the load balancer.
type news struct {
	tell func(group string, h TargetHealth)

	mu      sync.Mutex
	pending []func()
	running bool
	over    bool
}

// add takes a change in. It never waits.
func (n *news) add(group string, h TargetHealth) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.over {
		return
	}
	n.pending = append(n.pending, func() { n.tell(group, h) })
	if !n.running {
		n.running = true
		go n.run()
	}
}

// run tells what is pending and ends.
func (n *news) run() {
	for {
		n.mu.Lock()
		if len(n.pending) == 0 {
			n.running = false
			n.mu.Unlock()
			return
		}
		next := n.pending[0]
		n.pending = n.pending[1:]
		n.mu.Unlock()
		next()
	}
}

// stop drops what is pending. It does not wait: who is told may have called it.
func (n *news) stop() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.over, n.pending = true, nil
}
