package cli

import "strings"

// hint is a command as it would have to be typed here.
func (s *session) hint(command string) string {
	text := "ecsail " + command
	if s.app.flags.file != "" && s.app.flags.file != defaultFile {
		text += " -f " + word(s.app.flags.file)
	}
	if s.app.flags.env != "" {
		text += " -e " + s.app.flags.env
	}
	if s.target.local {
		text += " --local"
	}
	return s.app.errTheme.Link("`" + text + "`")
}

// word is a text as a shell takes it for one word.
func word(text string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:@%+=,", r) || r > 127
	}
	if text != "" && strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
