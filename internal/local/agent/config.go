package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Variable is the environment variable that carries the agent's [Config].
const Variable = "ECSAIL_AGENT"

// MetadataAddress is where tasks find their metadata and credentials, see
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
const MetadataAddress = "169.254.170.2:80"

// Config is all an agent knows.
type Config struct {
	Region  string  `json:"region"` // where the region listens: unix:PATH, inside the container, or tcp:HOST:PORT
	Token   string  `json:"token"`  // of the task
	Aliases []Alias `json:"aliases,omitempty"`
}

// Alias is a Service Connect name and port that the task's containers may
// connect to.
type Alias struct {
	Name     string `json:"name"`    // as in http://name
	Address  string `json:"address"` // of 127.255.0.0/16, by [Plan]
	Port     int32  `json:"port"`
	Protocol string `json:"protocol,omitempty"` // http, http2, grpc; else TCP
}

// Plan gives each distinct name an address of its own, so that two names may
// use one port, and yields the lines for the task's hosts file in the engine's
// ExtraHosts form. The same aliases in any order give the same result.
func Plan(aliases []Alias) (planned []Alias, hosts []string) {
	planned = slices.Clone(aliases)
	for i, a := range planned {
		planned[i].Name = strings.ToLower(a.Name)
	}
	slices.SortStableFunc(planned, func(a, b Alias) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return int(a.Port) - int(b.Port)
	})
	planned = slices.CompactFunc(planned, func(a, b Alias) bool { return a.Name == b.Name && a.Port == b.Port })
	at := netip.AddrFrom4([4]byte{127, 255, 0, 0})
	for i := range planned {
		if i == 0 || planned[i].Name != planned[i-1].Name {
			at = at.Next()
			hosts = append(hosts, planned[i].Name+":"+at.String())
		}
		planned[i].Address = at.String()
	}
	return planned, hosts
}

// Environ is the configuration as an entry of the agent's environment. It
// holds the task's token: it is for the agent's container only.
func (c Config) Environ() (string, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("encode agent configuration: %w", err)
	}
	return Variable + "=" + string(text), nil
}

// FromEnviron reads the configuration back; getenv is [os.Getenv].
func FromEnviron(getenv func(string) string) (Config, error) {
	var c Config
	text := getenv(Variable)
	if text == "" {
		return c, fmt.Errorf("%s is not set: the agent is started by the local region", Variable)
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return c, fmt.Errorf("read %s: %w", Variable, err)
	}
	return c, c.validate()
}

// routes is what is served, by address and port.
func (c Config) routes() map[string]Preface {
	out := map[string]Preface{MetadataAddress: {Token: c.Token, Kind: Metadata, Protocol: "http"}}
	for _, a := range c.Aliases {
		at := net.JoinHostPort(a.Address, strconv.Itoa(int(a.Port)))
		out[at] = Preface{Token: c.Token, Kind: Connect, Name: a.Name, Port: a.Port, Protocol: a.Protocol}
	}
	return out
}

func (c Config) validate() error {
	if network, address := c.region(); network != "unix" && network != "tcp" || address == "" || c.Token == "" {
		return errors.New("agent configuration: the region's address, unix:PATH or tcp:HOST:PORT, and a token are needed")
	}
	return nil
}

// region is where to dial.
func (c Config) region() (network, address string) {
	network, address, _ = strings.Cut(c.Region, ":")
	return network, address
}
