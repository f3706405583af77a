// Package registry is the data plane of the embedded ECR: an OCI registry on
// loopback that Docker and any other client push to and pull from.
//
// Manifests and tags are not kept here: the embedded ECR has them and decides
// about them, see [ECR]. Layers are kept here, as files, see [Store]. Reading
// layers is go-containerregistry's work; uploading them is ours, because there
// an upload is collected in memory, under one lock for all.
//
// The protocol: https://github.com/opencontainers/distribution-spec/blob/main/spec.md
package registry
