package simulator

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// passwordSets are the characters of a password:
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html
const (
	passwordLower  = "abcdefghijklmnopqrstuvwxyz"
	passwordUpper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	passwordDigits = "0123456789"
	passwordMarks  = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
)

func (s *secretsService) randomPassword(_ context.Context, in *sm.GetRandomPasswordInput) (*sm.GetRandomPasswordOutput, error) {
	length := int64(32)
	if in.PasswordLength != nil {
		length = *in.PasswordLength
	}
	if length < 1 || length > 4096 {
		return nil, secretsInvalid("The password length must be between 1 and 4096.")
	}
	sets := passwordSets(in)
	all := strings.Join(sets, "")
	each := in.RequireEachIncludedType == nil || *in.RequireEachIncludedType
	switch {
	case all == "":
		return nil, secretsInvalid("The password can't be generated: all characters are excluded.")
	case each && int64(len(sets)) > length:
		return nil, secretsInvalid("Password length %d is too short based on the required types.", length)
	}
	var out []byte
	if each {
		for _, set := range sets {
			out = append(out, s.c.pick(set, 1)...)
		}
	}
	out = append(out, s.c.pick(all, int(length)-len(out))...)
	s.c.rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return &sm.GetRandomPasswordOutput{RandomPassword: aws.String(string(out))}, nil
}

// passwordSets are the kinds of characters that are asked for, as far as they are
// not excluded one by one.
func passwordSets(in *sm.GetRandomPasswordInput) []string {
	var out []string
	for _, set := range []struct {
		chars string
		out   bool
	}{
		{passwordLower, aws.ToBool(in.ExcludeLowercase)}, {passwordUpper, aws.ToBool(in.ExcludeUppercase)},
		{passwordDigits, aws.ToBool(in.ExcludeNumbers)}, {passwordMarks, aws.ToBool(in.ExcludePunctuation)}, {" ", !aws.ToBool(in.IncludeSpace)},
	} {
		chars := strings.Map(func(r rune) rune {
			if strings.ContainsRune(aws.ToString(in.ExcludeCharacters), r) {
				return -1
			}
			return r
		}, set.chars)
		if !set.out && chars != "" {
			out = append(out, chars)
		}
	}
	return out
}
