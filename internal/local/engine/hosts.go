package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/moby/client"
)

// hosts are the addresses where an engine may be, the likeliest first. What the
// user says counts alone.
func hosts(getenv func(string) string, config string) []string {
	if h := getenv("DOCKER_HOST"); h != "" {
		return []string{h}
	}
	if h := contextHost(getenv, config); h != "" {
		return []string{h}
	}
	usual := strings.TrimPrefix(client.DefaultDockerHost, "unix://")
	if usual == client.DefaultDockerHost || exists(usual) {
		return []string{client.DefaultDockerHost}
	}
	var out []string
	for _, path := range otherSockets(getenv) {
		if exists(path) {
			out = append(out, "unix://"+path)
		}
	}
	if len(out) == 0 {
		return []string{client.DefaultDockerHost}
	}
	return out
}

// otherSockets are those of rootless Docker, Docker Desktop, Colima, Rancher
// Desktop, OrbStack and Podman.
func otherSockets(getenv func(string) string) []string {
	var out []string
	home, run := getenv("HOME"), getenv("XDG_RUNTIME_DIR")
	if run != "" {
		out = append(out, filepath.Join(run, "docker.sock"))
	}
	if home != "" {
		for _, rel := range []string{".docker/run/docker.sock", ".docker/desktop/docker.sock", ".colima/default/docker.sock", ".rd/docker.sock", ".orbstack/run/docker.sock"} {
			out = append(out, filepath.Join(home, rel))
		}
	}
	if run != "" {
		out = append(out, filepath.Join(run, "podman/podman.sock"))
	}
	return append(out, "/run/podman/podman.sock")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// contextHost is the address of the docker command's context, see
// https://docs.docker.com/engine/manage-resources/contexts/. It is empty for the
// default context and for one that cannot be read.
func contextHost(getenv func(string) string, config string) string {
	name := getenv("DOCKER_CONTEXT")
	if name == "" {
		var file struct {
			CurrentContext string `json:"currentContext"`
		}
		readJSON(filepath.Join(config, "config.json"), &file)
		name = file.CurrentContext
	}
	if name == "" || name == "default" {
		return ""
	}
	id := sha256.Sum256([]byte(name))
	var meta struct {
		Endpoints map[string]struct{ Host string }
	}
	readJSON(filepath.Join(config, "contexts", "meta", hex.EncodeToString(id[:]), "meta.json"), &meta)
	return meta.Endpoints["docker"].Host
}

// readJSON leaves the value as it is where the file cannot be read: the docker
// command's configuration is a hint, not ours to complain about.
func readJSON(path string, into any) {
	if raw, err := os.ReadFile(path); err == nil {
		_ = json.Unmarshal(raw, into)
	}
}
