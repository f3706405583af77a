package resources

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// clientToken is an idempotency token of 32 characters for a create. It depends
// on nothing but what is created, so that an engine that was restarted after a
// lost answer asks for the same thing and gets it, not a second one.
func clientToken(e *awsx.Env, addr resource.Addr, spec any) string {
	doc, _ := json.Marshal([]any{e.App, e.Name, e.Region, addr, spec}) // specs hold only strings, numbers and lists of them
	sum := sha256.Sum256(doc)
	return hex.EncodeToString(sum[:16])
}
