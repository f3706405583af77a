// Package balancer is a reverse proxy that behaves as an AWS Application Load
// Balancer: listeners whose rules are tried by priority, target groups with
// health checks, draining, slow start and stickiness, and the headers and error
// codes that clients and targets would see on AWS.
//
// It is a leaf: it knows HTTP and what AWS documents about its load balancer,
// and nothing of who configures it. Its configuration is one value, replaced as
// a whole by [Balancer.Update] without failing a request.
//
// Where AWS's documentation decides a rule, the rule's comment names the page.
package balancer
