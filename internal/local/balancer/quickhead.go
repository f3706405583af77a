package balancer

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
)

// quickHead reads the header of an answer that is as most are: all of it has
// come, it says a length, and nothing else of how it is sent. The fields go
// straight to h, which is empty. Where anything is out of the ordinary it
// reports false, having read nothing, and the standard library must look.
func quickHead(in *bufio.Reader, h http.Header, res *http.Response, body *sizedBody) bool {
	b, _ := in.Peek(in.Buffered())
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		return false
	}
	line, fields, _ := strings.Cut(string(b[:end+2]), "\r\n")
	code, ok := quickStatus(line)
	if !ok {
		return false
	}
	length, ok := quickFields(fields, h)
	if !ok {
		clear(h)
		return false
	}
	_, _ = in.Discard(end + 4) // it is there
	*body = sizedBody{in, length}
	*res = http.Response{StatusCode: code, Header: h, ContentLength: length, Body: http.NoBody}
	if length > 0 {
		res.Body = body
	}
	return true
}

// quickStatus reads the first line of an answer that has a body.
func quickStatus(line string) (int, bool) {
	rest, ok := strings.CutPrefix(line, "HTTP/1.1 ")
	if !ok || len(rest) < 4 || rest[3] != ' ' || !plainText(rest) {
		return 0, false
	}
	code, err := strconv.Atoi(rest[:3])
	return code, err == nil && code >= 200 && code != http.StatusNoContent && code != http.StatusNotModified
}

// quickFields puts the fields into h, without those for one hop, and returns
// the length that they say.
func quickFields(fields string, h http.Header) (int64, bool) {
	length := int64(-1)
	values := make([]string, 0, strings.Count(fields, "\n"))
	for fields != "" {
		var line string
		line, fields, _ = strings.Cut(fields, "\r\n")
		name, value, ok := strings.Cut(line, ":")
		if !ok || name == "" || !plainToken(name) || !plainText(value) {
			return 0, false
		}
		value = strings.Trim(value, " ")
		key := textproto.CanonicalMIMEHeaderKey(name)
		switch key {
		case "Keep-Alive":
			continue
		case "Connection":
			if !strings.EqualFold(value, "keep-alive") {
				return 0, false
			}
			continue
		case "Transfer-Encoding", "Trailer", "Upgrade", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Pragma":
			return 0, false
		case "Content-Length":
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil || length >= 0 || strings.Trim(value, digits) != "" {
				return 0, false
			}
			length = n
		}
		values = add(h, values, key, value)
	}
	return length, length >= 0
}

// add appends a value to a field. A field's first value lies in values, so that
// not each needs a slice of its own.
func add(h http.Header, values []string, key, value string) []string {
	if have := h[key]; have != nil {
		h[key] = append(have, value)
		return values
	}
	n := len(values)
	values = append(values, value)
	h[key] = values[n : n+1 : n+1]
	return values
}

func plainToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c|0x20 < 'a' || c|0x20 > 'z') && c != '-' && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

func plainText(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// sizedBody is a body of known length.
type sizedBody struct {
	in   *bufio.Reader
	left int64
}

// Read tells of the end together with the last bytes.
func (b *sizedBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	n, err := b.in.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	switch {
	case b.left == 0:
		return n, io.EOF
	case err == io.EOF:
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}

// Close does nothing: who stops reading closes the connection.
func (b *sizedBody) Close() error { return nil }
