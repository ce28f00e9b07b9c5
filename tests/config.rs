//! Configuration as people meet it: files that are right, files that are wrong and what is said of them, layers, and the
//! example. `invalid/*.toml` begin with what must be said, as `#= LINE:COLUMN: MESSAGE`.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up must fail")]

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use proptest::prelude::*;
use ronde::command::keymap::Keymap;
use ronde::config::{
    Config, EXAMPLE, Flags, Loaded, Places, Problems, json_schema,
    load::load,
    schema::{Colour, Kubeconfig, Level, Mode, Tab},
};
use tempfile::TempDir;

struct Home {
    dir: TempDir,
    places: Places,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let places = Places::below(dir.path());
        for file in [&places.system, &places.user] {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
        }
        Self { dir, places }
    }

    fn file(&self, text: &str) -> PathBuf {
        let path = self.dir.path().join("file.toml");
        fs::write(&path, text).unwrap();
        path
    }

    fn load_file(&self, text: &str) -> Result<Loaded, Problems> {
        load(&self.places, &Flags { config: Some(self.file(text)), ..Flags::default() })
    }

    /// What is said of a text, without the file's name.
    fn said(&self, text: &str) -> Vec<String> {
        let file = format!("{}:", self.dir.path().join("file.toml").display());
        match self.load_file(text) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.to_string().lines().map(|line| line.replace(&file, "")).collect(),
        }
    }
}

fn corpus(kind: &str) -> Vec<(PathBuf, String)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config").join(kind);
    let mut files: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn what_is_right_is_taken() {
    let files = corpus("valid");
    assert!(files.len() >= 4);
    for (path, text) in files {
        assert_eq!(Home::new().said(&text), Vec::<String>::new(), "{}", path.display());
    }
}

#[test]
fn what_is_wrong_is_said_in_its_place() {
    let files = corpus("invalid");
    assert!(files.len() >= 12);
    let mut wrong = String::new();
    for (path, text) in files {
        let wanted: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("#= ")).collect();
        let said = Home::new().said(&text);
        if said != wanted {
            let name = path.file_name().unwrap().to_string_lossy();
            writeln!(wrong, "{name} says").unwrap();
            for line in said {
                writeln!(wrong, "#= {line}").unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_setting_arrives() {
    let (_, text) = corpus("valid").into_iter().find(|(path, _)| path.ends_with("full.toml")).unwrap();
    let home = Home::new();
    let config = home.load_file(&text).unwrap().config;
    assert!(!config.discover && config.ui.ascii && !config.ui.mouse && !config.cache.enabled);
    assert_eq!(config.ui.theme, home.dir.path().join("themes/mine.toml").to_str().unwrap());
    assert_eq!(config.ui.accent["engine:local"], Colour::BrightBlue);
    assert_eq!((config.start.mode, config.start.tab, config.log.level), (Mode::ReadOnly, Tab::Pods, Level::Trace));
    assert_eq!(config.keys["quit"], ["ctrl-q"]);
    assert_eq!(config.keys["freeze"], Vec::<String>::new());
    assert_eq!(config.cache.limit.0, 3 << 29);
    assert_eq!(config.cache_file(&home.places), Path::new("/var/tmp/x/state.db"));
    assert_eq!(config.log_file(&home.places), home.dir.path().join("ronde.log"));
    assert_eq!(config.ssh.config, Some(home.dir.path().join(".ssh/fleet")));
    let host = &config.hosts[0];
    assert_eq!((host.name.as_deref(), host.ssh.as_deref()), (Some("h1"), Some("ssh://admin@h1.example.org:2222")));
    assert_eq!((&host.groups[..], host.datacentre.as_deref()), (&["workers".into(), "prod".into()][..], Some("eqiad")));
    assert_eq!(config.hosts[1].pattern.as_deref(), Some("web-*"));
    assert_eq!(config.engines[1].certificates, Some(home.dir.path().join(".docker/build")));
    let behind = &config.engines[3];
    assert_eq!((behind.host.as_deref(), behind.socket.as_deref()), (Some("web-7"), Some("/run/user/1000/docker.sock")));
    assert_eq!(config.clusters[0].kubeconfig, Some(Kubeconfig::Path(home.dir.path().join(".kube/config"))));
    assert!(matches!(&config.clusters[1].kubeconfig, Some(Kubeconfig::Command { command }) if command.len() == 4));
}

#[test]
fn nothing_configured_is_all_defaults() {
    let loaded = load(&Home::new().places, &Flags::default()).unwrap();
    assert_eq!(loaded.config, Config::default());
    assert!(loaded.files.is_empty());
}

#[test]
fn each_layer_stands_over_the_one_before() {
    let home = Home::new();
    fs::write(
        &home.places.system,
        "[ui]\ntheme = \"light\"\nascii = true\n[[engines]]\nname = \"a\"\ncontext = \"old\"\n[[engines]]\nname = \"b\"\ncontext = \"b\"\n[keys]\nquit = [\"q\", \"ctrl-q\"]\n",
    )
    .unwrap();
    fs::write(&home.places.user, "[ui]\nascii = false\n[[engines]]\nname = \"c\"\ncontext = \"c\"\n[[engines]]\nname = \"a\"\ncontext = \"new\"\n[keys]\nquit = [\"ctrl-x\"]\n").unwrap();
    let flags = Flags {
        config: Some(home.file("[ui]\nmouse = false\n[start]\nmode = \"admin\"\n")),
        read_only: true,
        no_discover: true,
        log_level: Some(Level::Debug),
        ..Flags::default()
    };
    let loaded = load(&home.places, &flags).unwrap();
    let config = &loaded.config;
    assert_eq!((config.ui.theme.as_str(), config.ui.ascii, config.ui.mouse), ("light", false, false));
    assert_eq!((config.start.mode, config.discover, config.log.level), (Mode::ReadOnly, false, Level::Debug));
    let engines: Vec<_> = config.engines.iter().map(|e| (e.name.as_str(), e.context.as_deref().unwrap())).collect();
    assert_eq!(engines, [("a", "new"), ("b", "b"), ("c", "c")]);
    assert_eq!(config.keys["quit"], ["ctrl-x"], "a list of keys is replaced, not lengthened");
    assert_eq!(loaded.files.len(), 3);

    let shown = loaded.show().replace(home.dir.path().to_str().unwrap(), "~");
    for line in [
        "discover = false  # --no-discover",
        "theme = \"light\"  # ~/etc/ronde/config.toml:2",
        "mouse = false  # ~/file.toml:2",
        "mode = \"read-only\"  # --read-only",
        "tab = \"triage\"  # default",
        "context = \"new\"  # ~/.config/ronde/config.toml:8",
        "[[engines]]  # ~/etc/ronde/config.toml:7",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line} is not in\n{shown}");
    }
    assert_eq!(toml::from_str::<Config>(&loaded.show()).unwrap(), loaded.config, "what is shown is a configuration");
}

#[test]
fn mistakes_of_every_file_are_said_at_once() {
    let home = Home::new();
    fs::write(&home.places.system, "a = 1\n").unwrap();
    fs::write(&home.places.user, "[ui]\nb = 1\n").unwrap();
    let flags = Flags { config: Some("/nowhere/c.toml".into()), theme: Some("drak".into()), ..Flags::default() };
    let said = load(&home.places, &flags).unwrap_err().to_string();
    assert_eq!(said.lines().count(), 4, "{said}");
    assert!(said.contains("/nowhere/c.toml: there is no such file"), "{said}");
    assert!(said.contains("--theme: `ui.theme` cannot be \"drak\": no such theme; did you mean `dark`?"), "{said}");
}

#[test]
fn a_mistake_between_two_files_names_the_upper_one() {
    let home = Home::new();
    fs::write(&home.places.system, "[[engines]]\nname = \"a\"\ndocker = \"unix:///run/d.sock\"\n").unwrap();
    fs::write(&home.places.user, "[[engines]]\nname = \"a\"\ncontext = \"x\"\n").unwrap();
    let said = load(&home.places, &Flags::default()).unwrap_err().to_string();
    assert!(said.contains(".config/ronde/config.toml:3:11: engine `a` has both"), "{said}");
}

#[test]
fn what_cannot_be_read_is_an_error_and_not_passed_over() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    fs::create_dir(&home.places.system).unwrap();
    fs::write(&home.places.user, b"\xff\xfe").unwrap();
    let long = home.file(&"# long\n".repeat(200_000));
    let flags = Flags { config: Some(long), ..Flags::default() };
    let said = load(&home.places, &flags).unwrap_err().to_string();
    for part in ["is a directory", "is not UTF-8 text", "longer than 1024 KiB"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let file = home.file("discover = true\n");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&file).is_err() {
        let flags = Flags { config: Some(file), ..Flags::default() };
        let said = load(&Home::new().places, &flags).unwrap_err().to_string();
        assert!(said.contains("may not be read by you"), "{said}");
    }
}

/// The example with every setting taken in use.
fn uncommented() -> String {
    let uncomment = |line: &str| match line.strip_prefix('#') {
        Some(rest) if !rest.is_empty() && !rest.starts_with(' ') => rest.to_owned(),
        _ => line.to_owned(),
    };
    EXAMPLE.lines().map(uncomment).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_as_it_is_changes_nothing() {
    assert_eq!(Home::new().load_file(EXAMPLE).unwrap().config, Config::default());
}

#[test]
fn the_example_in_use_is_the_defaults_and_its_examples() {
    let home = Home::new();
    let mut config = home.load_file(&uncommented()).unwrap().config;
    let counts = [config.hosts.len(), config.engines.len(), config.clusters.len(), config.ui.accent.len()];
    assert_eq!(counts, [2, 3, 2, 2]);
    assert_eq!(config.keys.len(), 1);
    let default = Config::default();
    assert_eq!(config.cache_file(&home.places), default.cache_file(&home.places));
    assert_eq!(config.log_file(&home.places), default.log_file(&home.places));
    (config.cache.path, config.log.file, config.ssh.config) = (None, None, None);
    (config.hosts, config.engines, config.clusters) = (Vec::new(), Vec::new(), Vec::new());
    config.ui.accent.clear();
    config.keys.clear();
    assert_eq!(config, default);
}

#[test]
fn the_example_shows_every_key() {
    let schema = json_schema();
    let example: toml::Value = toml::from_str(&uncommented()).unwrap();
    let mut missing = BTreeSet::new();
    let mut seen = 0;
    visit(&schema, &schema, &[&example], "", &mut |path, here| {
        seen += 1;
        if !here {
            missing.insert(path.to_owned());
        }
    });
    assert!(seen >= 25, "only {seen} keys in the schema");
    assert!(missing.is_empty(), "not in config.example.toml: {missing:?}");
}

fn visit(
    root: &serde_json::Value,
    schema: &serde_json::Value,
    values: &[&toml::Value],
    path: &str,
    say: &mut dyn FnMut(&str, bool),
) {
    if let Some(name) = schema["$ref"].as_str() {
        visit(root, root.pointer(&name[1..]).unwrap(), values, path, say);
    }
    for option in schema["anyOf"].as_array().into_iter().flatten() {
        visit(root, option, values, path, say);
    }
    if schema["items"].is_object() {
        let inner: Vec<_> = values.iter().filter_map(|value| value.as_array()).flatten().collect();
        visit(root, &schema["items"], &inner, path, say);
    }
    for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        let inner: Vec<_> = values.iter().filter_map(|value| value.get(key)).collect();
        say(&path, !inner.is_empty());
        visit(root, schema, &inner, &path, say);
    }
}

proptest! {
    /// Whatever the check lets through, the types take: no mistake is ever said without its place.
    #[test]
    fn every_mistake_has_a_place(
        line in 0usize..200,
        value in prop::sample::select(vec![
            "1", "-1", "1.5", "true", "\"\"", "\"x\"", "\"/x\"", "\"dark\"", "[]", "[1]", "[\"x\"]", "[[]]", "{}", "{ command = [\"x\"] }",
            "{ command = 1 }", "{ name = \"x\" }", "1979-05-27", "inf", "\"1k\"", "0x10",
        ]),
    ) {
        let text = uncommented();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let n = line % lines.len();
        if let Some((key, _)) = lines[n].clone().split_once(" = ").filter(|_| !lines[n].starts_with('#')) {
            lines[n] = format!("{key} = {value}");
        }
        let said = Home::new().said(&lines.join("\n"));
        prop_assert!(said.iter().all(|line| !line.starts_with("default")), "{:?}", said);
    }

    #[test]
    fn no_file_panics(text in any::<String>()) {
        let _ = Home::new().said(&text);
    }
}

#[test]
fn mistakes_about_keys_are_said_in_their_place() {
    let home = Home::new();
    let text = "[keys]\nquitt = [\"x\"]\nhelp = [\"hyper-q\"]\nrefresh = [\"f9\"]\nfreeze = [\"f9\"]\n";
    let loaded = home.load_file(text).unwrap();
    let mistakes = Keymap::with(&loaded.config.keys).unwrap_err();
    let said = loaded.key_problems(mistakes).to_string();
    let file = format!("{}", home.dir.path().join("file.toml").display());
    let places: Vec<_> =
        said.lines().map(|line| line.replace(&file, "F").split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(places.len(), 3, "{said}");
    assert_eq!(places[..2], ["F:2:1:", "F:3:1:"], "{said}");
    assert!(["F:4:1:", "F:5:1:"].contains(&places[2].as_str()), "{said}");
    assert!(said.contains("`quitt`") && said.contains("`refresh`") && said.contains("`freeze`"), "{said}");
}

#[test]
fn the_keys_of_the_example_are_no_mistake() {
    let loaded = Home::new().load_file(&uncommented()).unwrap();
    assert_eq!(Keymap::with(&loaded.config.keys).err(), None);
}
