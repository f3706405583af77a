package manifest

import "strings"

// AWS allows 50 tags on a resource; ecsail's own and ECS's are among them:
// https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
const maxTags = 40

// checkTags checks keys and values against the rules that all AWS services share:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html#tag-restrictions
func (c *checker) checkTags(p *path, tags map[string]string, limit int) {
	if len(tags) > limit {
		c.errf(p, "remove some", "there are %d tags; AWS allows 50 on a resource, and ecsail needs ten of them for its own", len(tags))
	}
	const allowed = "letters, digits, spaces and _ . : / = + - @"
	for _, key := range sortedKeys(tags) {
		at := p.add(key)
		lower := strings.ToLower(key)
		switch {
		case strings.HasPrefix(lower, "aws:") || strings.HasPrefix(lower, "ecsail:"):
			c.keyf(at, "choose another key", "the tag key %q starts with a reserved prefix", shorten(key))
		case len([]rune(key)) > 128 || key == "":
			c.keyf(at, "1 to 128 characters", "a tag key of %d characters", len([]rune(key)))
		case !tagForm.match(key):
			c.keyf(at, allowed, "the tag key %q has a character that AWS refuses", shorten(key))
		}
		value := tags[key]
		switch {
		case len([]rune(value)) > 256:
			c.errf(at, "at most 256 characters", "the value of the tag %q has %d characters", shorten(key), len([]rune(value)))
		case !tagForm.match(value):
			c.errf(at, allowed, "the value of the tag %q has a character that AWS refuses", shorten(key))
		}
	}
}

// tagForm are the characters that every AWS service takes in tags.
var tagForm = pattern(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
