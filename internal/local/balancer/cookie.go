package balancer

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"time"
)

// sealer makes and reads the load balancer's cookies. Their content is
// encrypted, as on AWS: nobody else can make one.
type sealer struct{ aead cipher.AEAD }

// newSealer takes a key of 16, 24 or 32 bytes, or makes one.
func newSealer(key []byte) (*sealer, error) {
	if len(key) == 0 {
		key = make([]byte, 32)
		_, _ = rand.Read(key) // never fails, by its documentation
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &sealer{aead}, nil
}

// seal encrypts value and the time until which it counts.
func (s *sealer) seal(name, value string, until time.Time) string {
	plain := binary.BigEndian.AppendUint64(nil, uint64(until.UnixNano()))
	plain = append(plain, value...)
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, plain, []byte(name)))
}

// open is the value, if it is ours, made for this name, and not expired.
func (s *sealer) open(name, text string, now time.Time) (string, bool) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return "", false
	}
	plain, err := s.aead.Open(nil, nil, b, []byte(name))
	if err != nil || len(plain) < 8 {
		return "", false
	}
	if now.UnixNano() > int64(binary.BigEndian.Uint64(plain)) {
		return "", false
	}
	return string(plain[8:]), true
}

// read opens the first of the named cookies that can be. All are sealed under
// the first one's name.
func (s *sealer) read(r *http.Request, names ...string) (string, bool) {
	for _, n := range names {
		c, err := r.Cookie(n)
		if err != nil {
			continue
		}
		if v, ok := s.open(names[0], c.Value, time.Now()); ok {
			return v, true
		}
	}
	return "", false
}

// write sets a cookie, and its twin for requests from other sites. AWS says
// when a cookie ends with Expires, not with Max-Age.
func (s *sealer) write(h http.Header, name, twin, value string, counts, expires time.Duration, tls bool) {
	now := time.Now()
	c := &http.Cookie{Name: name, Value: s.seal(name, value, now.Add(counts)), Path: "/", Expires: now.Add(expires)}
	h.Add("Set-Cookie", c.String())
	if twin == "" {
		return
	}
	c.Name, c.SameSite, c.Secure = twin, http.SameSiteNoneMode, tls
	h.Add("Set-Cookie", c.String())
}
