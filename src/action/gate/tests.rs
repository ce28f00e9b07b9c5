//! What the gate lets pass.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{
    action::{plan::Step, request::Request, role::Exception},
    model::store::TableId,
};

fn target(place: &str, name: &str, groups: &[&str]) -> Target {
    Target {
        table: TableId::Pods,
        key: format!("{place}/ns/{name}").as_str().into(),
        place: place.into(),
        groups: groups.iter().map(|group| (*group).into()).collect(),
        production: groups.contains(&"prod"),
    }
}

fn plan(impact: Impact, targets: Vec<Target>) -> Plan {
    let step = |target: &Target| Step {
        target: target.key.clone(),
        runs_on: target.place.clone(),
        command: vec!["DELETE".into(), format!("/api/v1/{}", target.key)],
    };
    Plan {
        steps: targets.iter().map(step).collect(),
        request: Request { command: "pod-delete".into(), targets, arguments: BTreeMap::new() },
        impact: Some(impact),
        interruption: None,
        undo: None,
        remarks: Vec::new(),
    }
}

fn some(n: usize) -> Vec<Target> {
    (0..n).map(|n| target("eqiad", &format!("web-{n}"), &[])).collect()
}

fn prompt(plan: &Plan, role: &Role) -> Prompt {
    match Gate.judge(plan, role, None) {
        Verdict::Confirm(prompt) => prompt,
        other => panic!("{other:?}"),
    }
}

fn is_permitted(verdict: Verdict, plan: &Plan) -> bool {
    matches!(verdict, Verdict::Permit(permit) if permit.covers(plan))
}

fn denied(plan: &Plan, role: &Role) -> String {
    match Gate.judge(plan, role, None) {
        Verdict::Deny(reason) => reason.to_string(),
        other => panic!("{other:?}"),
    }
}

// Ambiguous, so that it does not compile, as soon as a permit can be copied.
const _: () = {
    trait Ambiguous<A> {
        const ITEM: () = ();
    }
    impl<T> Ambiguous<()> for T {}
    struct Copied;
    impl<T: Clone> Ambiguous<Copied> for T {}
    let () = <Permit as Ambiguous<_>>::ITEM;
};

#[test]
fn looking_needs_no_confirmation_and_no_more_than_read_only() {
    let plan = plan(Impact::Observe, some(100));
    assert!(is_permitted(Gate.judge(&plan, &Role::read_only(), None), &plan));
}

#[test]
fn every_other_action_is_confirmed() {
    let plan = plan(Impact::Destroy, some(2));
    let prompt = prompt(&plan, &Role::operator());
    assert_eq!(prompt.phrase, None);
    assert!(is_permitted(Gate.judge(&plan, &Role::operator(), Some(&prompt.yes())), &plan));
}

#[test]
fn production_and_bulk_ask_to_type_name_and_number() {
    let role = Role::admin();
    let production = plan(Impact::Change, vec![target("eqiad", "web-1", &["prod"])]);
    let asked = prompt(&production, &role);
    assert!(asked.production);
    assert_eq!(asked.phrase.as_deref(), Some("eqiad 1"));
    assert!(matches!(Gate.judge(&production, &role, Some(&asked.yes())), Verdict::Confirm(_)));
    assert!(matches!(Gate.judge(&production, &role, Some(&asked.typed("codfw 1"))), Verdict::Confirm(_)));
    assert!(is_permitted(Gate.judge(&production, &role, Some(&asked.typed(" eqiad 1 "))), &production));

    assert_eq!(prompt(&plan(Impact::Change, some(BULK - 1)), &role).phrase, None);
    assert_eq!(prompt(&plan(Impact::Change, some(BULK)), &role).phrase.as_deref(), Some("eqiad 5"));
    let two = vec![target("h1", "a", &["web", "prod"]), target("h2", "b", &["prod"])];
    assert_eq!(prompt(&plan(Impact::Change, two), &role).phrase.as_deref(), Some("prod 2"));
    let apart = vec![target("h1", "a", &["prod"]), target("h2", "b", &[])];
    assert_eq!(prompt(&plan(Impact::Change, apart), &role).phrase.as_deref(), Some("2 places 2"));
}

#[test]
fn a_confirmation_is_good_for_its_own_plan_only() {
    let (one, other) = (plan(Impact::Change, some(1)), plan(Impact::Change, some(2)));
    let answer = prompt(&one, &Role::admin()).yes();
    assert!(matches!(Gate.judge(&other, &Role::admin(), Some(&answer)), Verdict::Confirm(_)));
}

#[test]
fn what_is_unknown_is_denied_even_to_an_admin() {
    let role = Role::admin();
    let unknown = Plan { impact: None, ..plan(Impact::Observe, some(1)) };
    assert_eq!(denied(&unknown, &role), "pod-delete is denied: it cannot be told what it would do");
    assert_eq!(denied(&plan(Impact::Change, Vec::new()), &role), "pod-delete has no target");
    let idle = Plan { steps: Vec::new(), ..plan(Impact::Change, some(1)) };
    assert!(denied(&idle, &role).contains("no step"));
    let mut stray = plan(Impact::Change, some(1));
    stray.steps[0].target = "eqiad/ns/another".into();
    assert!(denied(&stray, &role).contains("a step for eqiad/ns/another"));
}

#[test]
fn a_denial_names_the_rule() {
    let plan = plan(Impact::Destroy, some(1));
    assert_eq!(denied(&plan, &Role::read_only()), "pod-delete is destroy; role read-only goes up to observe on eqiad");
    let mut locked = Role::operator();
    locked.lock();
    assert_eq!(
        denied(&plan, &locked),
        "pod-delete is destroy; role operator goes up to observe on eqiad while locked (:unlock)"
    );
    locked.unlock();
    assert!(matches!(Gate.judge(&plan, &locked, None), Verdict::Confirm(_)));
}

#[test]
fn one_target_out_of_reach_denies_the_whole_plan() {
    let exceptions = vec![Exception { target: "prod".into(), up_to: Impact::Observe }];
    let role = Role::new("deployer", Impact::Destroy, exceptions);
    let mut targets = some(2);
    targets.push(target("codfw", "db-1", &["prod"]));
    assert!(denied(&plan(Impact::Change, targets), &role).ends_with("up to observe on codfw"));
}

#[test]
fn exceptions_give_and_take_and_what_takes_wins() {
    let exception = |target: &str, up_to| Exception { target: target.into(), up_to };
    let exceptions = vec![exception("debug", Impact::Shell), exception("db", Impact::Observe)];
    let mut role = Role::new("operator", Impact::Destroy, exceptions);
    let limit = |role: &Role, groups: &[&str]| role.limit(&target("eqiad", "x", groups));
    assert_eq!(limit(&role, &[]), Impact::Destroy);
    assert_eq!(limit(&role, &["debug"]), Impact::Shell);
    assert_eq!(limit(&role, &["debug", "db"]), Impact::Observe);
    role.lock();
    assert_eq!(limit(&role, &["debug"]), Impact::Observe);
    assert!(role.is_read_only());
}

#[test]
fn a_permit_covers_its_plan_and_no_other() {
    let base = plan(Impact::Observe, some(2));
    let Verdict::Permit(permit) = Gate.judge(&base, &Role::admin(), None) else { panic!("it only observes") };
    assert!(permit.covers(&base));
    let mut others = vec![base.clone(); 10];
    others[0].steps[0].command.push("--now".into());
    others[1].steps.swap(0, 1);
    others[2].request.targets.pop();
    others[3].request.arguments.insert("replicas".into(), "0".into());
    others[4].impact = Some(Impact::Shell);
    others[5].undo = Some(String::new());
    others[6].request.targets[0].production = true;
    others[7].request.command = "pod-evict".into();
    // The same letters, cut elsewhere.
    others[8].steps[0].command = vec!["DELETE/api".into(), base.steps[0].command[1].replacen("/api", "", 1)];
    others[9].remarks.push(String::new());
    for (index, other) in others.iter().enumerate() {
        assert!(!permit.covers(other), "{index}");
    }
}

fn impact() -> impl Strategy<Value = Impact> {
    prop::sample::select(Impact::ALL.to_vec())
}

fn role() -> impl Strategy<Value = Role> {
    let name = prop::sample::select(vec!["eqiad", "codfw", "prod", "debug"]);
    let exception = (name, impact()).prop_map(|(target, up_to)| Exception { target: target.into(), up_to });
    (impact(), prop::collection::vec(exception, 0..4), prop::option::of(impact())).prop_map(
        |(ceiling, exceptions, lowered)| {
            let mut role = Role::new("some", ceiling, exceptions);
            if let Some(lowered) = lowered {
                role.lower(lowered);
            }
            role
        },
    )
}

fn targets() -> impl Strategy<Value = Vec<Target>> {
    let group = prop::sample::subsequence(vec!["prod", "debug", "db"], 0..=3);
    let one = (prop::sample::select(vec!["eqiad", "codfw"]), group);
    prop::collection::vec(one, 1..8).prop_map(|all| {
        let numbered = all.into_iter().enumerate();
        numbered.map(|(n, (place, groups))| target(place, &format!("web-{n}"), &groups)).collect()
    })
}

/// Whether the plan is permitted once all that is asked has been answered.
fn passes(plan: &Plan, role: &Role) -> bool {
    match Gate.judge(plan, role, None) {
        Verdict::Confirm(prompt) => {
            let answer = prompt.phrase.as_deref().map_or_else(|| prompt.yes(), |phrase| prompt.typed(phrase));
            is_permitted(Gate.judge(plan, role, Some(&answer)), plan)
        }
        verdict => is_permitted(verdict, plan),
    }
}

proptest! {
    #[test]
    fn nothing_above_the_limit_is_ever_permitted(role in role(), targets in targets(), impact in impact()) {
        let within = targets.iter().all(|target| {
            let exceptions = role.granted(target);
            role.limit(target) <= exceptions && impact <= role.limit(target)
        });
        prop_assert_eq!(passes(&plan(impact, targets), &role), within);
    }

    #[test]
    fn without_exceptions_the_ceiling_is_the_limit(ceiling in impact(), impact in impact(), targets in targets()) {
        prop_assert_eq!(passes(&plan(impact, targets), &Role::new("some", ceiling, Vec::new())), impact <= ceiling);
    }

    #[test]
    fn lowering_never_permits_more(role in role(), to in impact(), targets in targets(), impact in impact()) {
        let plan = plan(impact, targets);
        let mut lower = role.clone();
        lower.lower(to);
        prop_assert!(passes(&plan, &role) || !passes(&plan, &lower));
        prop_assert!(!passes(&plan, &lower) || impact <= to);
        let mut locked = role.clone();
        locked.lock();
        prop_assert!(!passes(&plan, &locked) || impact == Impact::Observe);
        prop_assert!(locked.is_read_only());
    }

    #[test]
    fn locking_and_unlocking_ends_at_the_ceiling(role in role(), targets in targets()) {
        let mut again = role.clone();
        again.lock();
        again.unlock();
        for target in &targets {
            prop_assert_eq!(again.limit(target), role.granted(target));
        }
    }
}
