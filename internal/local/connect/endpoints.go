package connect

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// MetadataPath is the path of a container's ECS_CONTAINER_METADATA_URI_V4, after
// http://169.254.170.2.
func MetadataPath(dockerID string) string { return "/v4/" + dockerID }

// endpoints is the handler of all that is at 169.254.170.2, see
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate.html
func (s *Server) endpoints() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /v4/{id}", s.container)
	m.HandleFunc("GET /v4/{id}/task", s.task)
	m.HandleFunc("GET /v4/{id}/taskWithTags", s.taskWithTags)
	m.HandleFunc("GET /v4/{id}/stats", s.containerStats)
	m.HandleFunc("GET /v4/{id}/task/stats", s.taskStats)
	m.HandleFunc("GET "+credentialsPrefix+"{id}", s.credentials)
	m.HandleFunc("GET "+credentialsPrefix+"{$}", s.credentials)
	return m
}

// lookup finds the container that a path names, which must be one of the
// asking task.
func (s *Server) lookup(w http.ResponseWriter, r *http.Request, handler string) (TaskMetadata, ContainerMetadata, bool) {
	id := r.PathValue("id")
	t, ok := s.opts.Metadata.TaskMetadata(streamOf(r.Context()).task.ARN)
	if ok {
		if i := slices.IndexFunc(t.Containers, func(c ContainerMetadata) bool { return c.DockerID == id }); i >= 0 {
			return t, t.Containers[i], true
		}
	}
	writeJSON(w, http.StatusNotFound, fmt.Sprintf("V4 %s handler: unable to find the container %s in this task", handler, id))
	return t, ContainerMetadata{}, false
}

func (s *Server) container(w http.ResponseWriter, r *http.Request) {
	if _, c, ok := s.lookup(w, r, "container metadata"); ok {
		writeJSON(w, http.StatusOK, c)
	}
}

func (s *Server) task(w http.ResponseWriter, r *http.Request) {
	if t, _, ok := s.lookup(w, r, "task metadata"); ok {
		t.TaskTags = nil
		writeJSON(w, http.StatusOK, t)
	}
}

func (s *Server) taskWithTags(w http.ResponseWriter, r *http.Request) {
	if t, _, ok := s.lookup(w, r, "task metadata"); ok {
		writeJSON(w, http.StatusOK, t)
	}
}

func (s *Server) containerStats(w http.ResponseWriter, r *http.Request) {
	_, c, ok := s.lookup(w, r, "container stats")
	if !ok {
		return
	}
	if all, ok := s.stats(w, r); ok {
		writeJSON(w, http.StatusOK, all[c.DockerID])
	}
}

func (s *Server) taskStats(w http.ResponseWriter, r *http.Request) {
	t, _, ok := s.lookup(w, r, "task stats")
	if !ok {
		return
	}
	all, ok := s.stats(w, r)
	if !ok {
		return
	}
	out := map[string]json.RawMessage{} // null for a container that has no figures yet
	for _, c := range t.Containers {
		out[c.DockerID] = all[c.DockerID]
	}
	writeJSON(w, http.StatusOK, out)
}

func (s *Server) stats(w http.ResponseWriter, r *http.Request) (map[string]json.RawMessage, bool) {
	all, err := s.opts.Metadata.TaskStats(r.Context(), streamOf(r.Context()).task.ARN)
	if err != nil {
		s.opts.Log.Warn("stats of a task", "error", err)
		writeJSON(w, http.StatusInternalServerError, "failed to get stats")
	}
	return all, err == nil
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		code, text = http.StatusInternalServerError, []byte(`"failed to encode the answer"`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(text) // the client may have gone
}
