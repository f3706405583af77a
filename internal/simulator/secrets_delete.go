package simulator

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// The recovery window, in days.
const (
	recoveryLeast = 7
	recoveryMost  = 30 // and the default
)

// delete: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
func (s *secretsService) delete(_ context.Context, in *sm.DeleteSecretInput) (*sm.DeleteSecretOutput, error) {
	force, days := aws.ToBool(in.ForceDeleteWithoutRecovery), int64(recoveryMost)
	if in.RecoveryWindowInDays != nil {
		days = *in.RecoveryWindowInDays
	}
	switch {
	case force && in.RecoveryWindowInDays != nil:
		return nil, secretsInvalid("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
	case days < recoveryLeast || days > recoveryMost:
		return nil, secretsInvalid("The RecoveryWindowInDays value must be between %d and %d days (inclusive).", recoveryLeast, recoveryMost)
	}
	v, err := s.find(in.SecretId)
	now := s.c.now()
	switch {
	case force && err == errNoSecret: // deleting what is not there is no error then
		id := aws.ToString(in.SecretId)
		return &sm.DeleteSecretOutput{ARN: aws.String(s.c.arn("secretsmanager", s.c.region, "secret:"+id)), Name: &id, DeletionDate: &now}, nil
	case err != nil:
		return nil, err
	case force:
		s.secrets.delete(v.Name)
		return &sm.DeleteSecretOutput{ARN: &v.ARN, Name: &v.Name, DeletionDate: &now}, nil
	case !v.Deleted.IsZero():
		return nil, secretsError("InvalidRequestException", "You tried to perform the operation on a secret that's currently marked deleted.")
	}
	v.Deleted, v.Ends = now, now.Add(time.Duration(days)*24*time.Hour)
	s.save(v)
	return &sm.DeleteSecretOutput{ARN: &v.ARN, Name: &v.Name, DeletionDate: &v.Ends}, nil
}

// restore: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RestoreSecret.html
func (s *secretsService) restore(_ context.Context, in *sm.RestoreSecretInput) (*sm.RestoreSecretOutput, error) {
	v, err := s.find(in.SecretId)
	if err != nil {
		return nil, err
	}
	v.Deleted, v.Ends = time.Time{}, time.Time{}
	s.save(v)
	return &sm.RestoreSecretOutput{ARN: &v.ARN, Name: &v.Name}, nil
}

func (s *secretsService) tagResource(_ context.Context, in *sm.TagResourceInput) (*sm.TagResourceOutput, error) {
	tags, err := secretTags(in.Tags)
	if err != nil {
		return nil, err
	}
	return &sm.TagResourceOutput{}, s.retag(in.SecretId, addTags(tags))
}

func (s *secretsService) untagResource(_ context.Context, in *sm.UntagResourceInput) (*sm.UntagResourceOutput, error) {
	return &sm.UntagResourceOutput{}, s.retag(in.SecretId, dropTags(in.TagKeys))
}
