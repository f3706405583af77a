package registry_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/ecsail/ecsail/internal/local/registry"
)

// begin starts an upload and returns its address.
func (l *lab) begin() string {
	l.Helper()
	status, header, _ := l.do("POST", "/v2/web/blobs/uploads/", "")
	if status != http.StatusAccepted {
		l.Fatalf("begin: %d", status)
	}
	return header.Get("Location")
}

func TestUploads(t *testing.T) {
	l := newLab(t)
	l.repository("web", types.ImageTagMutabilityMutable)
	l.repository("other", types.ImageTagMutabilityMutable)
	sum := registry.Digest([]byte("hello, layer"))
	blob := "/v2/web/blobs/" + sum

	at := l.begin()
	l.wants("202", "PATCH", at, "hello, ", "Content-Range", "0-6")
	l.wants(`416 {"errors":[{"code":"BLOB_UPLOAD_INVALID","message":"the piece begins at 3, the upload has 7 bytes"}]}`, "PATCH", at, "xxx", "Content-Range", "3-6")
	l.wants(`404 {"errors":[{"code":"BLOB_UPLOAD_UNKNOWN","message":"there is no such upload; it was finished, cancelled, or lost in a restart"}]}`,
		"PATCH", strings.Replace(at, "/web/", "/other/", 1), "x")
	if status, header, _ := l.do("GET", at, ""); status != http.StatusNoContent || header.Get("Range") != "0-6" {
		t.Errorf("progress: %d %v", status, header)
	}
	l.wants("404", "HEAD", blob, "")
	l.wants("201", "PUT", at+"?digest="+sum, "layer")
	l.wants("200 hello, layer", "GET", blob, "")
	l.wants("206 layer", "GET", blob, "", "Range", "bytes=7-")
	l.wants("206 hello", "GET", blob, "", "Range", "bytes=0-4")
	l.wants(`416 {"errors":[{"code":"SIZE_INVALID","message":"range \"bytes=12-\" of 12 bytes"}]}`, "GET", blob, "", "Range", "bytes=12-")
	l.wants(`405 {"errors":[{"code":"UNSUPPORTED","message":"DELETE is not supported here"}]}`, "DELETE", blob, "")

	at = l.begin()
	l.wants(`400 {"errors":[{"code":"DIGEST_INVALID","message":"digest does not match contents: it is `+registry.Digest([]byte("other"))+`, not `+sum+`"}]}`, "PUT", at+"?digest="+sum, "other")
	l.wants("200 hello, layer", "GET", blob, "")
	at = l.begin()
	l.wants("204", "DELETE", at, "")
	l.wants(`404 {"errors":[{"code":"BLOB_UPLOAD_UNKNOWN","message":"there is no such upload; it was finished, cancelled, or lost in a restart"}]}`, "GET", at, "")

	l.wants("201", "POST", "/v2/other/blobs/uploads/?mount="+sum+"&from=web", "")
	l.wants("202", "POST", "/v2/other/blobs/uploads/?mount="+registry.Digest(nil)+"&from=web", "")
	l.wants("201", "POST", "/v2/web/blobs/uploads/?digest="+registry.Digest([]byte("whole")), "whole")
	l.wants(`400 {"errors":[{"code":"DIGEST_INVALID","message":"digest does not match contents"}]}`, "POST", "/v2/web/blobs/uploads/?digest="+sum, "not whole")
	if left := l.files("uploads"); len(left) != 1 { // the mount that became an upload
		t.Errorf("left over: %v", left)
	}
}

func TestEndpoints(t *testing.T) {
	l := newLab(t)
	l.repository("web", types.ImageTagMutabilityMutable)
	l.wants("200", "GET", "/v2/", "")
	l.wants(`404 {"errors":[{"code":"UNSUPPORTED","message":"no such endpoint: /v1/web/tags/list"}]}`, "GET", "/v1/web/tags/list", "")
	l.wants(`404 {"errors":[{"code":"UNSUPPORTED","message":"no such endpoint: /v2/_catalog"}]}`, "GET", "/v2/_catalog", "")
	l.wants(`405 {"errors":[{"code":"UNSUPPORTED","message":"POST is not supported here"}]}`, "POST", "/v2/web/tags/list", "")
	l.wants(`405 {"errors":[{"code":"UNSUPPORTED","message":"POST is not supported here"}]}`, "POST", "/v2/web/manifests/1", "")
	l.wants(`400 {"errors":[{"code":"DIGEST_INVALID","message":"\"md5:1\" is not a digest like sha256:…"}]}`, "GET", "/v2/web/blobs/md5:1", "")
	l.wants(`400 {"errors":[{"code":"PAGINATION_NUMBER_INVALID","message":"n is \"x\", not a number of tags"}]}`, "GET", "/v2/web/tags/list?n=x", "")
	for _, path := range []string{"/v2/web/blobs/..%2f..%2fx", "/v2/web/blobs/sha256:..", "/v2/web/blobs/uploads/../../x"} {
		if status, _, body := l.do("GET", path, ""); status < 400 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

func TestLoopbackOnly(t *testing.T) {
	for _, bad := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "example.com:0", "nonsense"} {
		if ln, err := registry.Listen(bad); err == nil {
			t.Errorf("listens on %s", ln.Addr())
		}
	}
	l := newLab(t)
	ln, err := registry.Listen("127.0.0.1:0")
	l.ok(err)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan error)
	go func() { done <- registry.Serve(ctx, ln, registry.New(l.ecr, l.store, nil)) }()
	at := "http://" + ln.Addr().String() + "/v2/"
	l.wants("200", "GET", at, "")
	l.wants("403 cross-origin request detected from Sec-Fetch-Site header", "POST", at+"web/blobs/uploads/", "", "Sec-Fetch-Site", "cross-site")
	req, err := http.NewRequestWithContext(t.Context(), "GET", at, nil)
	l.ok(err)
	req.Host = "evil.example:80"
	resp, err := http.DefaultClient.Do(req)
	l.ok(err)
	l.ok(resp.Body.Close())
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("a rebound name: %s", resp.Status)
	}
	stop()
	l.ok(<-done)
}

// TestMain becomes a registry that a test can kill.
func TestMain(m *testing.M) {
	if dir := os.Getenv("REGISTRY_TEST_CHILD"); dir != "" {
		os.Exit(child(dir))
	}
	os.Exit(m.Run())
}

func child(dir string) int {
	store, err := registry.Open(dir)
	if err != nil {
		return 1
	}
	ln, err := registry.Listen("127.0.0.1:0")
	if err != nil {
		return 1
	}
	fmt.Println(ln.Addr())
	_ = http.Serve(ln, registry.New(anything{}, store, nil)) // until it is killed
	return 1
}

// anything is an ECR with every repository and no image.
type anything struct{ registry.ECR }

func (anything) Exists(context.Context, string) error { return nil }

// TestKilledInTheMiddle kills the process while a layer comes in.
func TestKilledInTheMiddle(t *testing.T) {
	l := newLab(t)
	l.repository("web", types.ImageTagMutabilityMutable)
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	sum := registry.Digest(content)
	for _, request := range []string{"PATCH", "PUT", "POST"} {
		l.killed(request, sum, content)
		l.close()
		l.open()
		if left := append(l.files("uploads"), l.files("blobs/sha256")...); len(left) > 0 {
			t.Errorf("%s: half a layer is left: %v", request, left)
		}
		l.wants("404", "HEAD", "/v2/web/blobs/"+sum, "")
	}
	l.wants("201", "PUT", l.begin()+"?digest="+sum, string(content))
	l.wants("200 "+string(content), "GET", "/v2/web/blobs/"+sum, "")
}

// killed sends half of a layer to a registry of its own process and kills that.
func (l *lab) killed(method, sum string, content []byte) {
	l.Helper()
	cmd := exec.CommandContext(l.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "REGISTRY_TEST_CHILD="+l.dir+"/layers")
	out, err := cmd.StdoutPipe()
	l.ok(err)
	l.ok(cmd.Start())
	host, err := bufio.NewReader(out).ReadString('\n')
	l.ok(err)
	host = strings.TrimSpace(host)
	path := "/v2/web/blobs/uploads/?digest=" + sum
	if method != "POST" {
		_, header, _ := l.do("POST", "http://"+host+"/v2/web/blobs/uploads/", "")
		path = header.Get("Location") + "?digest=" + sum
	}
	conn, err := net.Dial("tcp", host)
	l.ok(err)
	_, err = fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n", method, path, host, len(content))
	l.ok(err)
	_, err = conn.Write(content[:len(content)/2])
	l.ok(err)
	for deadline := time.Now().Add(10 * time.Second); l.written() < int64(len(content)/4); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			l.Fatalf("%s: nothing arrives", method)
		}
	}
	l.ok(cmd.Process.Kill())
	_ = cmd.Wait() // it says that it was killed
	_, _ = io.Copy(io.Discard, conn)
	_ = conn.Close()
}

// written is how many bytes of unfinished uploads are on disk.
func (l *lab) written() int64 {
	var n int64
	for _, f := range l.files("uploads") {
		if info, err := os.Stat(l.dir + "/layers/uploads/" + f); err == nil {
			n += info.Size()
		}
	}
	return n
}
