package simulator

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	types "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// ssmService is the Parameter Store of AWS Systems Manager.
type ssmService struct {
	c      *Cloud
	params *table[ssmParam] // by name
}

// ssmParam is a parameter with its versions, the newest last.
type ssmParam struct {
	Name                 string
	Type                 types.ParameterType
	Tier                 types.ParameterTier
	Description, Pattern string
	KeyID, DataType      string
	Versions             []ssmVersion
	Tags                 map[string]string
}

type ssmVersion struct {
	Number   int64
	Value    string
	Modified time.Time
}

// Limits: https://docs.aws.amazon.com/general/latest/gr/ssm.html
const (
	ssmMaxParams    = 10000
	ssmMaxStandard  = 4096
	ssmMaxAdvanced  = 8192
	ssmMaxVersions  = 100
	ssmMaxLevels    = 15
	ssmMaxName      = 1011 // with the ARN's beginning
	ssmMaxTags      = 50
	ssmDefaultKey   = "alias/aws/ssm"
	ssmDescribePage = 50
	ssmPathPage     = 10
)

func newSSM(c *Cloud) *ssmService {
	s := &ssmService{c: c, params: newTable[ssmParam](c, "ssm/parameter")}
	handle(c, s.put)
	handle(c, s.get)
	handle(c, s.getMany)
	handle(c, s.getByPath)
	handle(c, s.describe)
	handle(c, s.history)
	handle(c, s.delete)
	handle(c, s.deleteMany)
	handle(c, s.addTags)
	handle(c, s.removeTags)
	handle(c, s.listTags)
	c.taggers = append(c.taggers, s)
	return s
}

func ssmError(code, format string, args ...any) error {
	return apiError(400, code, fmt.Sprintf(format, args...))
}

func (s *ssmService) arn(name string) string {
	return s.c.arn("ssm", s.c.region, "parameter/"+strings.TrimPrefix(name, "/"))
}

func (p ssmParam) latest() ssmVersion { return p.Versions[len(p.Versions)-1] }

var ssmName = regexp.MustCompile(`^[a-zA-Z0-9_.\-/]+$`)

// checkName checks the name of a new parameter.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
func (s *ssmService) checkName(name string) error {
	bare := strings.ToLower(strings.TrimPrefix(name, "/"))
	reserved := strings.HasPrefix(bare, "aws") || strings.HasPrefix(bare, "ssm")
	path := strings.Contains(strings.TrimPrefix(name, "/"), "/")
	switch {
	case name == "" || len(name) > 2048 || len(s.arn(name)) > ssmMaxName:
		return ssmError("ValidationException", "Parameter name must not be empty and, with its ARN, not be longer than %d characters.", ssmMaxName)
	case reserved && strings.HasPrefix(strings.ToLower(name), "/aws") && path:
		return ssmError("AccessDeniedException", "No access to reserved parameter name: %s.", name)
	case reserved && !path:
		return ssmError("ValidationException", `Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive).`)
	case reserved || !ssmName.MatchString(name) || strings.Contains(name, "//") || strings.HasSuffix(name, "/"):
		return ssmError("ValidationException", `Parameter name: can't be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_`)
	case path && !strings.HasPrefix(name, "/"):
		return ssmError("ValidationException", "Parameter name must be a fully qualified name.")
	case strings.Count(name, "/") > ssmMaxLevels:
		return ssmError("HierarchyLevelLimitExceededException", "A hierarchy can have a maximum of %d levels.", ssmMaxLevels)
	}
	return nil
}

// find resolves a name or ARN, with an optional :version.
func (s *ssmService) find(ref string) (p ssmParam, v ssmVersion, selector *string, err error) {
	name, version := ref, ""
	if rest, ok := strings.CutPrefix(ref, s.c.arn("ssm", s.c.region, "parameter/")); ok {
		name = rest
	}
	if i := strings.LastIndexByte(name, ':'); i >= 0 && !strings.HasPrefix(name, "arn:") {
		name, version = name[:i], name[i+1:]
		selector = aws.String(":" + version)
	}
	p, ok := s.params.get(name)
	if !ok {
		p, ok = s.params.get("/" + name) // an ARN does not show the slash
		ok = ok && name != ref
	}
	if !ok {
		return p, v, nil, errNoParameter
	}
	if version == "" {
		return p, p.latest(), nil, nil
	}
	for _, v := range p.Versions {
		if strconv.FormatInt(v.Number, 10) == version {
			return p, v, selector, nil
		}
	}
	return p, v, nil, ssmError("ParameterVersionNotFound", "Systems Manager could not find version %s of %s. Verify the version and try again.", version, name)
}

var errNoParameter = ssmError("ParameterNotFound", "")

// show is a version of a parameter; a secret is shown encrypted unless asked.
func (s *ssmService) show(p ssmParam, v ssmVersion, selector *string, decrypt *bool) types.Parameter {
	value := v.Value
	if p.Type == types.ParameterTypeSecureString && !aws.ToBool(decrypt) {
		value = "AQICAH" + strings.ToUpper(ec2Digest([]any{p.Name, v}))
	}
	return types.Parameter{
		Name: &p.Name, ARN: aws.String(s.arn(p.Name)), Type: p.Type, Value: &value, Version: v.Number,
		LastModifiedDate: &v.Modified, DataType: &p.DataType, Selector: selector,
	}
}

// arns is for the tagging API.
func (s *ssmService) arns() map[string]map[string]string {
	out := map[string]map[string]string{}
	for name, p := range s.params.all() {
		out[s.arn(name)] = p.Tags
	}
	return out
}

// tag is for the tagging API.
func (s *ssmService) tag(arn string, tags map[string]string) bool {
	return s.retag(arn, addTags(tags)) == nil
}

// untag is for the tagging API.
func (s *ssmService) untag(arn string, keys []string) bool {
	return s.retag(arn, dropTags(keys)) == nil
}

func (s *ssmService) retag(ref string, f func(map[string]string)) error {
	p, _, _, err := s.find(ref)
	if err != nil {
		return ssmError("InvalidResourceId", "The resource ID isn't valid. Verify that you entered the correct ID and try again.")
	}
	if p.Tags == nil {
		p.Tags = map[string]string{}
	}
	f(p.Tags)
	if len(p.Tags) > ssmMaxTags {
		return ssmError("TooManyTagsError", "The Targets parameter includes too many tags. Remove one or more tags and try the command again.")
	}
	s.params.put(p.Name, p)
	return nil
}
