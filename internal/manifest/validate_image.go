package manifest

import (
	"fmt"
	"strings"

	"github.com/distribution/reference"
)

// checkImage checks an image reference, which needs a tag or a digest.
func checkImage(ref string) *fault {
	const form = "like nginx:1.27, 123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/web:v3 or repo/name@sha256:…"
	if strings.Contains(ref, "://") {
		return wrong(fmt.Sprintf("%q is a URL and not an image reference", shorten(ref)), "remove "+ref[:strings.Index(ref, "://")+3])
	}
	named, err := reference.ParseNormalizedNamed(withoutTemplates(ref))
	switch {
	case err != nil && strings.ToLower(ref) != ref:
		return wrong(fmt.Sprintf("%q is not an image reference: a repository is lower case", shorten(ref)), form)
	case err != nil:
		return wrong(fmt.Sprintf("%q is not an image reference", shorten(ref)), form)
	case reference.IsNameOnly(named):
		return wrong(fmt.Sprintf("the image %q has neither tag nor digest, so nobody could say which version runs", shorten(ref)), "write "+shorten(ref)+":TAG or @sha256:DIGEST")
	}
	return nil
}

// floating reports a reference whose meaning changes by itself.
func floating(ref string) bool {
	return !strings.Contains(ref, "@") && strings.HasSuffix(ref, ":latest")
}
