package region

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// The first local ports of listeners; further ones count up from there.
const (
	firstHTTP  = 8080
	firstHTTPS = 8443
	portTries  = 200
)

// ports remembers which local port stands for which listener, so that an
// address stays what it was.
type ports struct {
	path string

	mu   sync.Mutex
	used map[string]map[int]int // load balancer's ARN, AWS's port to ours
	bad  map[int]bool           // taken by other programs, as far as this process knows
}

// openPorts reads what an earlier process remembered.
func openPorts(path string) (*ports, error) {
	p := &ports{path: path, used: map[string]map[int]int{}, bad: map[int]bool{}}
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return p, nil
	case err != nil:
		return nil, fmt.Errorf("read the listeners' ports: %w", err)
	}
	if err := json.Unmarshal(data, &p.used); err != nil || p.used == nil {
		p.used = map[string]map[int]int{} // only addresses: new ones will do
	}
	return p, nil
}

// of is a listener's local port.
func (p *ports) of(balancer string, port int, secure bool) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.used[balancer][port]; n != 0 && !p.bad[n] {
		return n
	}
	first := firstHTTP
	if secure {
		first = firstHTTPS
	}
	n := first
	for p.taken(n) {
		n++
	}
	if p.used[balancer] == nil {
		p.used[balancer] = map[int]int{}
	}
	p.used[balancer][port] = n
	p.save()
	return n
}

func (p *ports) taken(n int) bool {
	for _, b := range p.used {
		for _, have := range b {
			if have == n {
				return true
			}
		}
	}
	return p.bad[n]
}

// skip gives the listener that has an address another port: somebody else has
// this one.
func (p *ports) skip(balancer, address string) error {
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("address %s: %w", address, err)
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("address %s: %w", address, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bad[n] = true
	for port, have := range p.used[balancer] {
		if have == n {
			delete(p.used[balancer], port)
		}
	}
	return nil
}

// free gives a load balancer's ports back.
func (p *ports) free(balancer string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.used, balancer)
	p.save()
}

// save keeps the ports. Where it cannot, the next process chooses new ones.
func (p *ports) save() {
	data, err := json.Marshal(p.used)
	if err != nil {
		return
	}
	tmp := p.path + ".new"
	if os.WriteFile(tmp, data, 0o600) == nil {
		_ = os.Rename(tmp, filepath.Clean(p.path)) // see above
	}
}
