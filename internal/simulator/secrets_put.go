package simulator

import (
	"bytes"
	"cmp"
	"context"
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// secretName: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
var secretName = regexp.MustCompile(`^[a-zA-Z0-9/_+=.@!-]+$`)

const suffixLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// create: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
func (s *secretsService) create(_ context.Context, in *sm.CreateSecretInput) (*sm.CreateSecretOutput, error) {
	name := aws.ToString(in.Name)
	var b breaches
	b.length("name", &name, 1, secretMaxName)
	b.length("description", in.Description, 0, secretMaxText)
	if err := b.err("ValidationException"); err != nil {
		return nil, err
	}
	if !secretName.MatchString(name) {
		return nil, secretsError("ValidationException", "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!")
	}
	if len(in.AddReplicaRegions) > 0 {
		return nil, secretsInvalid("The embedded AWS does not replicate secrets to other Regions.")
	}
	value, err := givenValue(in.SecretString, in.SecretBinary, in.ClientRequestToken)
	if err != nil {
		return nil, err
	}
	tags, err := secretTags(in.Tags)
	if err != nil {
		return nil, err
	}
	v, known := s.secrets.get(name)
	if known && !v.gone(s.c.now()) {
		return s.createAgain(v, value)
	}
	if len(s.all()) >= secretMaxSecrets {
		return nil, secretsError("LimitExceededException", "You've exceeded the maximum number of secrets in this account and Region.")
	}
	now := s.c.now()
	v = secret{
		Name: name, ARN: s.c.arn("secretsmanager", s.c.region, "secret:"+name+"-"+s.c.pick(suffixLetters, 6)), Type: aws.ToString(in.Type),
		Description: aws.ToString(in.Description), KeyID: aws.ToString(in.KmsKeyId), Created: now, Changed: now, Tags: tags,
	}
	out := &sm.CreateSecretOutput{ARN: &v.ARN, Name: &v.Name}
	if value != nil {
		out.VersionId = &value.ID
		if err := s.add(&v, *value, []string{stageCurrent}); err != nil {
			return nil, err
		}
	}
	s.save(v)
	return out, nil
}

// createAgain answers for a name that is taken: the same call once more is no
// error.
func (s *secretsService) createAgain(v secret, value *secretVersion) (*sm.CreateSecretOutput, error) {
	if !v.Deleted.IsZero() {
		return nil, secretsError("InvalidRequestException", "You can't create this secret because a secret with this name is already scheduled for deletion.")
	}
	if value != nil {
		if i := v.version(value.ID); i >= 0 && sameSecret(v.Versions[i], *value) {
			return &sm.CreateSecretOutput{ARN: &v.ARN, Name: &v.Name, VersionId: &value.ID}, nil
		}
	}
	return nil, secretsError("ResourceExistsException", "The operation failed because the secret %s already exists.", v.Name)
}

// givenValue is the version that a request brings, or nil.
func givenValue(text *string, binary []byte, token *string) (*secretVersion, error) {
	switch {
	case text != nil && binary != nil:
		return nil, secretsInvalid("You can't specify both a binary secret value and a string secret value in the same secret.")
	case text != nil && (len(*text) < 1 || len(*text) > secretMaxSize):
		return nil, secretsError("ValidationException", "1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length between 1 and %d", secretMaxSize)
	case binary != nil && (len(binary) < 1 || len(binary) > secretMaxSize):
		return nil, secretsError("ValidationException", "1 validation error detected: Value at 'secretBinary' failed to satisfy constraint: Member must have length between 1 and %d", secretMaxSize)
	case token != nil && (len(*token) < 32 || len(*token) > 64):
		return nil, secretsInvalid("ClientRequestToken must be 32-64 characters long.")
	case text == nil && binary == nil:
		return nil, nil
	case token == nil:
		return nil, secretsInvalid("You must provide a ClientRequestToken value. We recommend a UUID-type value.")
	}
	return &secretVersion{ID: *token, Text: text, Binary: binary}, nil
}

func sameSecret(a, b secretVersion) bool {
	return (a.Text == nil) == (b.Text == nil) && aws.ToString(a.Text) == aws.ToString(b.Text) && bytes.Equal(a.Binary, b.Binary)
}

// add makes a new version of a secret with staging labels; the same version once
// more changes nothing.
func (s *secretsService) add(v *secret, value secretVersion, stages []string) error {
	if i := v.version(value.ID); i >= 0 {
		if !sameSecret(v.Versions[i], value) {
			return secretsError("ResourceExistsException", "You can't use ClientRequestToken %s because that value is already in use for a version of secret %s.", value.ID, v.ARN)
		}
		return nil
	}
	v.thin(s.c.now().Add(-secretVersionAge))
	if len(v.Versions) >= secretMaxVersions {
		return secretsError("LimitExceededException", "You've exceeded the maximum number of versions for this secret.")
	}
	value.Created, v.Changed = s.c.now(), s.c.now()
	v.Versions = append(v.Versions, value)
	for _, stage := range stages {
		v.label(stage, len(v.Versions)-1)
	}
	return v.stagesFault()
}

// thin removes the oldest versions without labels, to make room for one more.
func (v *secret) thin(before time.Time) {
	v.Versions = slices.DeleteFunc(v.Versions, func(n secretVersion) bool {
		return len(v.Versions) >= secretMaxVersions && len(n.Stages) == 0 && n.Created.Before(before)
	})
}

// label moves a staging label to a version. From where AWSCURRENT goes,
// AWSPREVIOUS comes to.
func (v *secret) label(stage string, to int) {
	from := v.staged(stage)
	if from == to {
		return
	}
	if from >= 0 {
		v.unlabel(stage, from)
	}
	v.Versions[to].Stages = append(v.Versions[to].Stages, stage)
	if stage == stageCurrent && from >= 0 {
		v.label(stagePrevious, from)
	}
}

func (v *secret) unlabel(stage string, at int) {
	v.Versions[at].Stages = slices.DeleteFunc(v.Versions[at].Stages, func(n string) bool { return n == stage })
}

func (v *secret) stagesFault() error {
	count := 0
	for _, n := range v.Versions {
		count += len(n.Stages)
	}
	if count > secretMaxStages {
		return secretsError("LimitExceededException", "You've exceeded the maximum number of staging labels for this secret.")
	}
	return nil
}

// putValue: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
func (s *secretsService) putValue(_ context.Context, in *sm.PutSecretValueInput) (*sm.PutSecretValueOutput, error) {
	v, err := s.usable(in.SecretId)
	if err != nil {
		return nil, err
	}
	value, err := givenValue(in.SecretString, in.SecretBinary, in.ClientRequestToken)
	switch {
	case err != nil:
		return nil, err
	case value == nil:
		return nil, secretsError("InvalidRequestException", "You must provide either SecretString or SecretBinary.")
	case in.VersionStages != nil && (len(in.VersionStages) < 1 || len(in.VersionStages) > secretMaxStages):
		return nil, secretsError("ValidationException", "1 validation error detected: Value at 'versionStages' failed to satisfy constraint: Member must have length between 1 and %d", secretMaxStages)
	}
	stages := in.VersionStages
	if len(stages) == 0 || v.staged(stageCurrent) < 0 && !slices.Contains(stages, stageCurrent) {
		stages = append(slices.Clone(stages), stageCurrent)
	}
	if err := stageNames(stages); err != nil {
		return nil, err
	}
	if err := s.add(&v, *value, stages); err != nil {
		return nil, err
	}
	s.save(v)
	return &sm.PutSecretValueOutput{ARN: &v.ARN, Name: &v.Name, VersionId: &value.ID, VersionStages: v.Versions[v.version(value.ID)].Stages}, nil
}

func stageNames(stages []string) error {
	var b breaches
	for _, n := range stages {
		b.length("versionStages", &n, 1, 256)
	}
	return b.err("ValidationException")
}

// update: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecret.html
func (s *secretsService) update(_ context.Context, in *sm.UpdateSecretInput) (*sm.UpdateSecretOutput, error) {
	v, err := s.usable(in.SecretId)
	if err != nil {
		return nil, err
	}
	var b breaches
	b.length("description", in.Description, 0, secretMaxText)
	if err := b.err("ValidationException"); err != nil {
		return nil, err
	}
	value, err := givenValue(in.SecretString, in.SecretBinary, in.ClientRequestToken)
	if err != nil {
		return nil, err
	}
	out := &sm.UpdateSecretOutput{ARN: &v.ARN, Name: &v.Name}
	if value != nil {
		out.VersionId = &value.ID
		if err := s.add(&v, *value, []string{stageCurrent}); err != nil {
			return nil, err
		}
	}
	v.Description = *cmp.Or(in.Description, &v.Description)
	v.KeyID, v.Type = cmp.Or(aws.ToString(in.KmsKeyId), v.KeyID), cmp.Or(aws.ToString(in.Type), v.Type)
	v.Changed = s.c.now()
	s.save(v)
	return out, nil
}

// updateStage: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
func (s *secretsService) updateStage(_ context.Context, in *sm.UpdateSecretVersionStageInput) (*sm.UpdateSecretVersionStageOutput, error) {
	v, err := s.usable(in.SecretId)
	if err != nil {
		return nil, err
	}
	stage := aws.ToString(in.VersionStage)
	if err := stageNames([]string{stage}); err != nil {
		return nil, err
	}
	at, from, to := v.staged(stage), aws.ToString(in.RemoveFromVersionId), aws.ToString(in.MoveToVersionId)
	switch {
	case from == "" && to == "":
		return nil, secretsInvalid("You must specify either RemoveFromVersionId or MoveToVersionId.")
	case from != "" && v.version(from) < 0 || to != "" && v.version(to) < 0:
		return nil, secretsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret version.")
	case from != "" && at != v.version(from):
		return nil, secretsInvalid("The parameter RemoveFromVersionId can't be used: the staging label %s is not attached to version %s.", stage, from)
	case to != "" && at >= 0 && from == "" && at != v.version(to):
		return nil, secretsInvalid("The parameter RemoveFromVersionId can't be empty. Staging label %s is currently attached to version %s, so you must explicitly reference that version in RemoveFromVersionId.", stage, v.Versions[at].ID)
	case to == "" && stage == stageCurrent:
		return nil, secretsInvalid("You can only move staging label %s to a different secret version. It can't be completely removed.", stageCurrent)
	case to == "":
		v.unlabel(stage, at)
	default:
		v.label(stage, v.version(to))
	}
	if err := v.stagesFault(); err != nil {
		return nil, err
	}
	v.Changed = s.c.now()
	s.save(v)
	return &sm.UpdateSecretVersionStageOutput{ARN: &v.ARN, Name: &v.Name}, nil
}
