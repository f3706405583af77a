package resource

// Failure is one thing that went wrong while a resource came up, told at once:
// a task of a service that stopped, a target that is not healthy, a task that
// could not be placed. Its texts are AWS's and the program's own words, so they
// may hold anything; who shows them to a terminal must make them harmless.
type Failure struct {
	Service   string   `json:"service"`
	Revision  string   `json:"revision,omitempty"`  // "shop-dev-web:4"
	Task      string   `json:"task,omitempty"`      // its id; empty when it is not about one task
	Container string   `json:"container,omitempty"` // the one that ended the task
	ExitCode  *int32   `json:"exit_code,omitempty"` // nil: it has not ended, or never ran
	Code      string   `json:"code,omitempty"`      // ECS's stop code: "EssentialContainerExited"
	Reason    string   `json:"reason"`              // why the task stopped, in AWS's words
	Detail    string   `json:"detail,omitempty"`    // why the container did, where that says more
	Health    string   `json:"health,omitempty"`    // what the failing health check asked and got
	Logs      []string `json:"logs,omitempty"`      // the container's last lines, oldest first
	Hints     []Hint   `json:"hints,omitempty"`     // what it is likely to mean
	Next      string   `json:"next,omitempty"`      // what AWS does now
	// More says that this only adds the log of a failure told before, which was
	// not there yet.
	More bool `json:"more,omitempty"`
}

// Hint is what a failure is likely to mean and what to do, with the page that
// says so.
type Hint struct {
	Text string `json:"text"`
	URL  string `json:"url"`
}
