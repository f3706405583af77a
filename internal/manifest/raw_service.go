package manifest

// rawService is one service, as written.
type rawService struct {
	_          struct{}             `exclusive:"image,build;count,scale"`
	Image      template             `yaml:"image" doc:"Image reference with tag or digest."`
	Build      *rawBuild            `yaml:"build" doc:"How the image is built, instead of image."`
	Port       []rawPort            `yaml:"port" doc:"Container port. Several: a list; the first is routed and called unless a name says otherwise."`
	Route      []rawRoute           `yaml:"route" doc:"What the load balancer sends here: a path, a list of paths, or conditions. Without it the service is private."`
	Health     rawHealth            `yaml:"health" doc:"How the load balancer, and with a command the container engine, probe a task."`
	CPU        cpuUnits             `yaml:"cpu" implied:"256" doc:"CPU units; 1024 are one vCPU. Also 0.5vcpu."`
	Memory     mebibytes            `yaml:"memory" implied:"512" doc:"MiB. Also 1GB. Without it the least that Fargate pairs with cpu."`
	Arch       string               `yaml:"arch" default:"x86_64" enum:"x86_64,arm64" doc:"Processor. arm64 costs a fifth less."`
	Ephemeral  gibibytes            `yaml:"ephemeral_storage" default:"20" min:"20" max:"200" doc:"GiB of scratch disk; 20 are free."`
	Count      int                  `yaml:"count" default:"1" min:"0" max:"5000" doc:"Tasks to run. Instead: scale."`
	Scale      *rawScale            `yaml:"scale" doc:"Autoscaling between two bounds."`
	Spot       spotShare            `yaml:"spot" default:"false" doc:"Fargate Spot: true, or the percentage of the tasks above scale.min (or count)."`
	Env        map[string]template  `yaml:"env" keys:"env-key" doc:"Environment variables."`
	EnvFile    words                `yaml:"env_file" doc:"Files of KEY=value lines, relative to the manifest; env wins over them."`
	Secrets    map[string]secretRef `yaml:"secrets" keys:"env-key" doc:"Environment variables whose values stay in a secret store."`
	Uses       later                `yaml:"uses" doc:"Backing resources."`
	Calls      words                `yaml:"calls" doc:"Services reached as http://NAME."`
	DependsOn  words                `yaml:"depends_on" doc:"Services that are healthy before this one starts."`
	Command    command              `yaml:"command" doc:"Overrides the image's command."`
	Entrypoint command              `yaml:"entrypoint" doc:"Overrides the image's entry point."`
	User       userName             `yaml:"user" doc:"User, and group, that the container runs as: 10001:10001."`
	Workdir    string               `yaml:"workdir" is:"absolute-path" doc:"Working directory."`
	ReadOnly   bool                 `yaml:"read_only" default:"false" doc:"Read-only root file system with a writable /tmp."`
	Init       bool                 `yaml:"init" default:"false" doc:"Run an init process that forwards signals and reaps children."`
	StopGrace  duration             `yaml:"stop_grace_period" default:"30s" min:"1s" max:"120s" doc:"Time between SIGTERM and SIGKILL."`
	Ulimits    map[string]rawUlimit `yaml:"ulimits" doc:"Resource limits by name; Fargate allows nofile."`
	Sidecars   map[string]*rawSide  `yaml:"sidecars" keys:"container-name" doc:"Further containers of the same task."`
	Volumes    []rawVolume          `yaml:"volumes" doc:"EFS file systems and scratch space."`
	Deploy     rawDeploy            `yaml:"deploy" doc:"How a new revision replaces the old one."`
	Permission []rawPermission      `yaml:"permissions" doc:"What the task may do beyond what ecsail grants: policy ARNs and statements."`
	Network    rawServiceNetwork    `yaml:"network" doc:"Where its tasks run."`
	Logs       rawLogs              `yaml:"logs" doc:"The log group."`
	Exec       bool                 `yaml:"exec" default:"false" doc:"Allow shells in running containers (ECS Exec)."`
	Tags       map[string]text      `yaml:"tags" doc:"Tags on the service's resources."`
}

// rawBuild is Compose's build.
type rawBuild struct {
	_          struct{}        `short:"context"`
	Context    string          `yaml:"context" default:"." doc:"Directory sent to the builder, relative to the manifest."`
	Dockerfile string          `yaml:"dockerfile" default:"Dockerfile" doc:"Relative to the context."`
	Target     string          `yaml:"target" doc:"Stage of the Dockerfile."`
	Args       map[string]text `yaml:"args" keys:"env-key" doc:"Build arguments. They are kept in the image: no secrets."`
	Platforms  words           `yaml:"platforms" doc:"Like linux/arm64. Default: the service's arch."`
}

// rawPort is one container port.
type rawPort struct {
	_        struct{} `short:"port"`
	Name     string   `yaml:"name" is:"port-name" doc:"Default: the service's name for the first port, SERVICE-PORT for others."`
	Port     int      `yaml:"port" required:"true" min:"1" max:"65535" doc:"The number the container listens on."`
	Protocol string   `yaml:"protocol" default:"http" enum:"http,http2,grpc,tcp" doc:"What is spoken there."`
}

// rawRoute is one rule of the load balancer; all its conditions must hold.
type rawRoute struct {
	_                   struct{}         `short:"paths" list:"paths"`
	Paths               words            `yaml:"paths" doc:"A plain path stands for itself and all below it, / for every path; with wildcards (* any text, ? one character) it is the load balancer's pattern."`
	Hosts               words            `yaml:"hosts" doc:"Host names; the wildcards work here too."`
	Methods             words            `yaml:"methods" doc:"HTTP methods."`
	Headers             map[string]words `yaml:"headers" doc:"Header values by header name."`
	Query               queryPairs       `yaml:"query" doc:"Query-string values by key, or KEY=VALUE pairs."`
	SourceIPs           words            `yaml:"source_ips" doc:"CIDRs of the client."`
	Priority            int              `yaml:"priority" min:"1" max:"50000" doc:"Lowest wins. Default: the most specific route first."`
	Port                portRef          `yaml:"port" doc:"Name or number of the port. Default: the first."`
	Stickiness          duration         `yaml:"stickiness" default:"0s" min:"0s" max:"7d" doc:"Keep a client on one task this long."`
	SlowStart           duration         `yaml:"slow_start" default:"0s" min:"0s" max:"900s" doc:"Ramp a new task up over this time; 30s to 900s."`
	DeregistrationDelay duration         `yaml:"deregistration_delay" default:"30s" min:"0s" max:"3600s" doc:"Time for open requests when a task leaves."`
}

// rawHealth is how a task is probed.
type rawHealth struct {
	_           struct{} `short:"path"`
	Path        string   `yaml:"path" implied:"/" doc:"Path that answers when the service is well."`
	Port        portRef  `yaml:"port" doc:"Name or number of the port to probe. Default: the port that gets the traffic."`
	Interval    duration `yaml:"interval" default:"15s" min:"5s" max:"300s" doc:"Time between two probes."`
	Timeout     duration `yaml:"timeout" default:"5s" min:"2s" max:"120s" doc:"A probe without an answer for so long has failed."`
	Healthy     int      `yaml:"healthy" default:"2" min:"2" max:"10" doc:"Good probes in a row until a task is healthy."`
	Unhealthy   int      `yaml:"unhealthy" default:"3" min:"2" max:"10" doc:"Bad probes in a row until a task is unhealthy."`
	Codes       codes    `yaml:"codes" implied:"200-399" doc:"Answers that count as good, 200 to 499; for gRPC 0 to 99."`
	Grace       duration `yaml:"grace" default:"60s" min:"0s" max:"24h" doc:"Bad probes are forgiven for so long after a start."`
	Command     probe    `yaml:"command" doc:"Probe run inside the container: a shell command, or a list starting with CMD or CMD-SHELL."`
	StartPeriod duration `yaml:"start_period" default:"0s" min:"0s" max:"300s" doc:"Failures of the command are forgiven for so long."`
}

// rawScale is autoscaling.
type rawScale struct {
	Min      int           `yaml:"min" default:"1" min:"0" max:"5000" doc:"Never fewer tasks."`
	Max      int           `yaml:"max" required:"true" min:"1" max:"5000" doc:"Never more tasks."`
	CPU      percent       `yaml:"cpu" min:"1" max:"100" doc:"Target for the average CPU use, in percent."`
	Memory   percent       `yaml:"memory" min:"1" max:"100" doc:"Target for the average memory use, in percent."`
	Requests int           `yaml:"requests" min:"1" max:"1000000000" doc:"Target for requests per task and minute; needs a route."`
	Network  byteCount     `yaml:"network" min:"1" doc:"Target for bytes per task and second, in and out: 50MB."`
	Queue    later         `yaml:"queue" doc:"Target for messages per task."`
	Cooldown rawCooldown   `yaml:"cooldown" doc:"Pauses after a change."`
	Schedule []rawSchedule `yaml:"schedule" doc:"Bounds that change at set times."`
}

// rawCooldown are the pauses between changes.
type rawCooldown struct {
	In  duration `yaml:"in" default:"300s" min:"0s" max:"24h" doc:"After removing tasks."`
	Out duration `yaml:"out" default:"60s" min:"0s" max:"24h" doc:"After adding tasks."`
}

// rawSchedule moves the bounds at a time.
type rawSchedule struct {
	Cron     string `yaml:"cron" required:"true" doc:"cron(…), rate(…) or at(…), as AWS writes them."`
	Timezone string `yaml:"timezone" default:"UTC" doc:"IANA name, like Europe/Berlin."`
	Min      *int   `yaml:"min" min:"0" max:"5000" doc:"New lower bound. Default: scale.min."`
	Max      *int   `yaml:"max" min:"0" max:"5000" doc:"New upper bound. Default: scale.max."`
}

// rawUlimit is a soft and a hard limit.
type rawUlimit struct {
	_    struct{} `short:"soft"`
	Soft int      `yaml:"soft" required:"true" min:"0" max:"1048576" doc:"The limit that a process starts with."`
	Hard *int     `yaml:"hard" min:"0" max:"1048576" doc:"The limit up to which it may raise it. Default: soft."`
}

// rawSide is a sidecar.
type rawSide struct {
	Image      template             `yaml:"image" required:"true" doc:"Image reference with tag or digest."`
	Port       int                  `yaml:"port" min:"1" max:"65535" doc:"Port that the sidecar listens on."`
	Env        map[string]template  `yaml:"env" keys:"env-key" doc:"Environment variables."`
	Secrets    map[string]secretRef `yaml:"secrets" keys:"env-key" doc:"Environment variables whose values stay in a secret store."`
	Command    command              `yaml:"command" doc:"Overrides the image's command."`
	Entrypoint command              `yaml:"entrypoint" doc:"Overrides the image's entry point."`
	User       userName             `yaml:"user" doc:"User, and group, that the container runs as."`
	Workdir    string               `yaml:"workdir" is:"absolute-path" doc:"Working directory."`
	ReadOnly   bool                 `yaml:"read_only" default:"false" doc:"Read-only root file system with a writable /tmp."`
	Init       bool                 `yaml:"init" default:"false" doc:"Run an init process."`
	Ulimits    map[string]rawUlimit `yaml:"ulimits" doc:"Resource limits by name; Fargate allows nofile."`
	Essential  bool                 `yaml:"essential" default:"true" doc:"The task ends when this container does."`
	DependsOn  startConditions      `yaml:"depends_on" doc:"Containers of the task and what to wait for: start, complete, success or healthy. A list means start."`
	Health     *rawSideHealth       `yaml:"health" doc:"Probe run inside the container."`
	CPU        cpuUnits             `yaml:"cpu" min:"1" doc:"CPU units set aside. Default: shares the task's."`
	Memory     mebibytes            `yaml:"memory" min:"6" doc:"Hard limit in MiB. Default: shares the task's."`
}

// rawSideHealth is a container health check.
type rawSideHealth struct {
	_           struct{} `short:"command" list:"command"`
	Command     probe    `yaml:"command" required:"true" doc:"A shell command, or a list starting with CMD or CMD-SHELL."`
	Interval    duration `yaml:"interval" default:"15s" min:"5s" max:"300s" doc:"Time between two probes."`
	Timeout     duration `yaml:"timeout" default:"5s" min:"2s" max:"60s" doc:"A probe that takes longer has failed."`
	Unhealthy   int      `yaml:"unhealthy" default:"3" min:"1" max:"10" doc:"Bad probes in a row until the container is unhealthy."`
	StartPeriod duration `yaml:"start_period" default:"0s" min:"0s" max:"300s" doc:"Failures are forgiven for so long after a start."`
}

// rawVolume is a place to write.
type rawVolume struct {
	_         struct{} `byname:"name" exclusive:"efs,ephemeral"`
	Name      string   `yaml:"name" is:"volume-name" doc:"Default: made from the path."`
	Path      string   `yaml:"path" required:"true" is:"absolute-path" doc:"Where the container sees it."`
	EFS       string   `yaml:"efs" is:"efs-id" doc:"EFS file system."`
	Ephemeral bool     `yaml:"ephemeral" default:"false" doc:"Scratch space that lives as long as the task; so is a volume without efs."`
	ReadOnly  bool     `yaml:"read_only" default:"false" doc:"The container may only read."`
}

// rawPermission is a managed policy or a statement.
type rawPermission struct {
	_         struct{} `short:"policy" exclusive:"policy,actions|resources"`
	Policy    template `yaml:"policy" doc:"ARN of a managed policy."`
	Actions   words    `yaml:"actions" doc:"IAM actions, like s3:GetObject."`
	Resources patterns `yaml:"resources" doc:"ARNs that the actions are allowed on."`
}

// rawServiceNetwork is where tasks run.
type rawServiceNetwork struct {
	Public         bool  `yaml:"public" default:"false" doc:"Tasks in public subnets with public addresses."`
	SecurityGroups words `yaml:"security_groups" is:"group-id" doc:"Existing groups attached besides ecsail's own; at most four."`
}
