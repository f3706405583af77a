// Package region is the local region: the embedded AWS with a data plane of
// containers, in a background process of its own. It owns the account's state,
// runs ECS's tasks on the container engine, carries the load balancers' and
// Service Connect's traffic, follows logs and measures.
//
// Commands reach it over a unix socket (Client); their SDK calls are forwarded
// there. When the process dies its containers go on; the next one adopts them.
package region
