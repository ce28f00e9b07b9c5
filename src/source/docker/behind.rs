//! An engine behind a host: its socket forwarded on the host's connection or, where the server does not forward, its API carried
//! by `docker system dial-stdio` in sessions of that connection. Follows the connection: when the host is away, so is the engine.

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::sync;

use super::{error::Error, lanes::Lanes};
use crate::{
    model::{health::State, text},
    remote::{
        Door, Route, Trouble, Way,
        engine_sockets::{self, Choice, Found, Lack},
        forward::Forward,
        session::{Session, Stream},
    },
};

/// How long a host may take to say which sockets it has.
const LOOK: Duration = Duration::from_secs(6);

/// The way to one engine behind a host.
pub(super) struct Behind {
    route: Route,
    /// The socket's path on the host; none: where engines listen by default.
    socket: Option<String>,
    path: sync::Mutex<Option<Path>>,
    /// Whether the server is known not to forward, for the state's line.
    remark: Mutex<String>,
}

/// What was found to lead to the engine, over one connection of the host.
struct Path {
    door: Door,
    choice: Choice,
    forward: Option<Forward>,
    lanes: Lanes,
    via: Via,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Via {
    Forward,
    Lanes,
}

/// How the next request reaches the engine.
pub(super) enum Reach {
    /// By a connection to this socket of ours.
    Socket(PathBuf),
    /// By one of these.
    Lanes(Lanes),
}

impl Behind {
    /// The engine at `socket` on the host, or where engines listen by default.
    pub(super) fn new(route: Route, socket: Option<String>) -> Self {
        Self { route, socket, path: sync::Mutex::default(), remark: Mutex::default() }
    }

    /// What messages call it.
    pub(super) fn place(&self) -> String {
        format!("{}:{}", text::name(&self.route.host), self.socket.as_deref().map_or("docker.sock".into(), text::name))
    }

    /// How it is reached, where that is worth a remark; else nothing.
    pub(super) fn remark(&self) -> String {
        self.remark.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until the way to the host changes.
    pub(super) async fn changed(&self) {
        let mut way = self.route.way.clone();
        way.mark_unchanged();
        // Nobody tells any more: the console ends.
        if way.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// A new session with the engine: forwarding is tried first again.
    pub(super) async fn again(&self) {
        if let Some(path) = self.path.lock().await.as_mut()
            && path.forward.is_some()
        {
            path.via = Via::Forward;
        }
    }

    /// How the next request reaches the engine.
    ///
    /// # Errors
    /// When the host is away or has no engine for this user.
    pub(super) async fn reach(&self) -> Result<Reach, Error> {
        let door = self.door()?;
        let mut path = self.path.lock().await;
        let known = path.take().filter(|path| path.door.is_same(&door));
        let known = match known {
            Some(known) => known,
            None => self.find(door).await?,
        };
        let known = path.insert(known);
        Ok(match (&known.forward, known.via) {
            (Some(forward), Via::Forward) => Reach::Socket(forward.path().to_owned()),
            _ => Reach::Lanes(known.lanes.clone()),
        })
    }

    /// A connection to the forwarded socket was closed without an answer: the server does not forward, or nobody listens there.
    /// Whether the other way can be tried, which tells.
    pub(super) async fn fall_back(&self) -> bool {
        let mut path = self.path.lock().await;
        let Some(path) = path.as_mut().filter(|path| path.choice.tool.is_some()) else { return false };
        path.via = Via::Lanes;
        true
    }

    /// The forwarded socket is not there any more: it is made anew.
    pub(super) async fn forget(&self) {
        *self.path.lock().await = None;
    }

    /// An answer came: by the forwarded socket, or by these.
    pub(super) fn worked(&self, lanes: Option<&Lanes>) {
        let remark = match lanes {
            None => String::new(),
            Some(lanes) if lanes.most() == 1 => format!(
                "{} forwards no sockets and grants one session: through dial-stdio, asked at intervals",
                text::name(&self.route.host)
            ),
            Some(_) => format!("{} forwards no sockets: through dial-stdio", text::name(&self.route.host)),
        };
        *self.remark.lock().unwrap_or_else(PoisonError::into_inner) = remark;
    }

    /// A session of the host's that carries the engine's API.
    ///
    /// # Errors
    /// When the host is away, takes no more sessions, or has no such command.
    pub(super) async fn dial(&self) -> Result<(Session, Stream), Error> {
        let door = self.door()?;
        let path = self.path.lock().await;
        let choice = path.as_ref().map(|path| path.choice.clone());
        drop(path);
        let Some(Choice { socket, tool: Some(tool) }) = choice else {
            let line = "it forwards no sockets, and has no docker or podman command that would carry the engine's API";
            return Err(self.error(State::Forbidden, line));
        };
        let address = format!("unix://{socket}");
        let environment = [("DOCKER_HOST", &*address), ("CONTAINER_HOST", &*address), ("LC_ALL", "C")];
        let arguments = ["system".to_owned(), "dial-stdio".to_owned()];
        let started = door.start(tool.program(), &arguments, &environment);
        let mut session = started.map_err(|trouble| self.trouble(&trouble))?;
        let stream = session.stream().ok_or_else(|| self.error(State::Unreachable, "ssh has no standard input"))?;
        Ok((session, stream))
    }

    /// Why a session that carried the API ended.
    pub(super) async fn ended(&self, session: Session) -> Error {
        match session.end().await {
            Ok(complaints) => {
                let last = complaints.iter().rev().map(|line| line.trim()).find(|line| !line.is_empty());
                let said = text::limited(last.unwrap_or("dial-stdio ended without a word"), 300).into_owned();
                let is_denied = said.contains("permission denied");
                self.error(if is_denied { State::Forbidden } else { State::Unreachable }, &said)
            }
            Err(trouble) => self.trouble(&trouble),
        }
    }

    /// Streams would leave no session for anything else.
    pub(super) fn narrow(&self) -> Error {
        Error::Narrow { host: text::name(&self.route.host).into_owned() }
    }

    fn door(&self) -> Result<Door, Error> {
        match &*self.route.way.borrow() {
            Way::Open(door) => Ok(door.clone()),
            Way::Closed(state, line) => Err(self.error(*state, line)),
            Way::Unknown => Err(self.error(State::Connecting, "not connected yet")),
        }
    }

    /// Looks for the engine's socket and forwards it.
    async fn find(&self, door: Door) -> Result<Path, Error> {
        let choice = self.look(&door).await?;
        let forward = match &self.route.sockets {
            Ok(sockets) => Forward::open(&door, &choice.socket, sockets).await,
            Err(error) => Err(Trouble::Configuration(error.to_string())),
        };
        let forward = match forward {
            Ok(forward) => Some(forward),
            Err(trouble) if choice.tool.is_none() => return Err(self.trouble(&trouble)),
            Err(trouble) => {
                tracing::debug!(host = %self.route.host, %trouble, "no forwarding");
                None
            }
        };
        let lanes = Lanes::new(door.limit());
        let via = if forward.is_some() { Via::Forward } else { Via::Lanes };
        Ok(Path { door, choice, forward, lanes, via })
    }

    async fn look(&self, door: &Door) -> Result<Choice, Error> {
        let mut arguments = vec!["-c".to_owned(), engine_sockets::SCRIPT.to_owned(), "sh".to_owned()];
        arguments.extend(self.socket.clone());
        let said = match door.start("sh", &arguments, &[("LC_ALL", "C")]) {
            Ok(session) => session.output(LOOK).await,
            Err(trouble) => Err(trouble),
        };
        let found = match said {
            Ok(lines) => Found::parse(&lines),
            // Forwarding takes no session.
            Err(Trouble::Sessions | Trouble::Full(_)) => return Ok(Found::unseen(self.socket.as_deref())),
            Err(trouble) => return Err(self.trouble(&trouble)),
        };
        found.choose().map_err(|lack| match lack {
            Lack::Absent => {
                let place = self.socket.as_deref().map_or_else(String::new, |socket| format!(" at {socket}"));
                let line = format!("no engine there{place}: no socket; is it running? (systemctl start docker)");
                self.error(State::Unreachable, &line)
            }
            Lack::Closed { socket, group, user } => {
                let line = format!(
                    "{user} may not open {socket}: add {user} to group {group} there (then the host must be connected anew)"
                );
                self.error(State::Forbidden, &line)
            }
        })
    }

    fn trouble(&self, trouble: &Trouble) -> Error {
        if matches!(trouble, Trouble::Sessions | Trouble::Full(_)) {
            return Error::Full { host: text::name(&self.route.host).into_owned() };
        }
        self.error(trouble.state(), &trouble.to_string())
    }

    fn error(&self, state: State, line: &str) -> Error {
        let line = format!("host {}: {}", self.route.host, line);
        Error::Behind { state, line: text::name(&line).into_owned() }
    }
}
