//! What a simulated pod is going through, and what comes next.

/// How a pod stands. Names follow what kubectl would print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// All is well.
    Running,
    /// Runs, but one container does not pass its readiness check.
    Unready,
    /// No node has room.
    Pending,
    /// Its containers are being made.
    Creating,
    /// Its first container just ended badly.
    Crashed,
    /// It waits before it is started again.
    CrashLoop,
    /// The kernel just killed its first container for memory.
    OomKilled,
    /// It waits after that.
    OomLoop,
    /// The image just could not be pulled.
    ErrImagePull,
    /// It waits before the next pull.
    ImagePullBackOff,
    /// A secret or map that it names is not there.
    ConfigError,
    /// An init container works.
    Init,
    /// An init container fails.
    InitCrashLoop,
    /// Deletion was asked for.
    Terminating,
    /// Ended well.
    Completed,
    /// Ended badly, for good.
    Failed,
    /// Thrown off its node.
    Evicted,
}

impl Phase {
    /// Phases that are trouble from the start, each with how many pods of a thousand (at least one) are in it.
    pub(super) const TROUBLE: [(Self, usize); 13] = [
        (Self::CrashLoop, 3),
        (Self::OomLoop, 2),
        (Self::ImagePullBackOff, 2),
        (Self::Unready, 2),
        (Self::Pending, 1),
        (Self::ConfigError, 1),
        (Self::InitCrashLoop, 1),
        (Self::Init, 1),
        (Self::Creating, 1),
        (Self::Terminating, 1),
        (Self::ErrImagePull, 1),
        (Self::Crashed, 1),
        (Self::OomKilled, 1),
    ];

    /// kubectl's STATUS.
    pub(super) fn status(self) -> &'static str {
        match self {
            Self::Running | Self::Unready => "Running",
            Self::Pending => "Pending",
            Self::Creating => "ContainerCreating",
            Self::Crashed | Self::Failed => "Error",
            Self::CrashLoop | Self::OomLoop => "CrashLoopBackOff",
            Self::OomKilled => "OOMKilled",
            Self::ErrImagePull => "ErrImagePull",
            Self::ImagePullBackOff => "ImagePullBackOff",
            Self::ConfigError => "CreateContainerConfigError",
            Self::Init => "Init:0/1",
            Self::InitCrashLoop => "Init:CrashLoopBackOff",
            Self::Terminating => "Terminating",
            Self::Completed => "Completed",
            Self::Evicted => "Evicted",
        }
    }

    /// What follows, and after how many seconds (from, to). Nothing follows by itself where it needs a person.
    pub(super) fn next(self) -> Option<(Self, i64, i64)> {
        Some(match self {
            Self::Creating | Self::Init => (Self::Running, 4, 12),
            Self::Crashed => (Self::CrashLoop, 2, 5),
            Self::CrashLoop => (Self::Crashed, 45, 150),
            Self::OomKilled => (Self::OomLoop, 2, 5),
            Self::OomLoop => (Self::OomKilled, 60, 200),
            Self::ErrImagePull => (Self::ImagePullBackOff, 8, 20),
            Self::ImagePullBackOff => (Self::ErrImagePull, 40, 120),
            // The pod goes; another of its group comes.
            Self::Terminating => (Self::Creating, 3, 9),
            _ => return None,
        })
    }

    /// Whether it is well, or ended well.
    pub(super) fn is_fine(self) -> bool {
        matches!(self, Self::Running | Self::Completed)
    }

    /// Whether it uses processor and memory.
    pub(super) fn works(self) -> bool {
        !matches!(
            self,
            Self::Pending
                | Self::Creating
                | Self::Completed
                | Self::Failed
                | Self::Evicted
                | Self::Init
                | Self::InitCrashLoop
        )
    }
}
