//! Duties and signs of life: one gateway at a time has a duty, and one that is gone has none.

use crate::base::Base;

on_both!(a_duty_is_with_whoever_asked_first_until_he_leaves);

async fn a_duty_is_with_whoever_asked_first_until_he_leaves(base: Base) {
    let first = base.gateway().await;
    assert!(first.has_duty("housekeeping").await.unwrap());
    assert!(first.has_duty("housekeeping").await.unwrap(), "and has it still");
    first.leave().await.unwrap();
    let second = base.gateway().await;
    assert!(second.has_duty("housekeeping").await.unwrap());
    assert!(second.has_duty("another").await.unwrap());
}

#[cfg(feature = "peers")]
mod of_several {
    use futures_util::future::join_all;
    use postdesk::store::Fault;

    use crate::base::Base;

    #[tokio::test]
    async fn a_duty_is_taken_over_when_the_sign_of_its_holder_has_run_out_and_not_given_back() {
        let base = Base::database();
        let [one, other] = base.two().await;
        assert!(one.has_duty("housekeeping").await.unwrap());
        assert!(!other.has_duty("housekeeping").await.unwrap());
        base.run("UPDATE gateway SET seen_until = 1 WHERE id = (SELECT holder FROM duty)").await;
        assert!(other.has_duty("housekeeping").await.unwrap());
        // It only slept.
        one.give_sign().await.unwrap();
        assert!(!one.has_duty("housekeeping").await.unwrap());
        assert!(other.has_duty("housekeeping").await.unwrap());
        other.leave().await.unwrap();
        assert!(one.has_duty("housekeeping").await.unwrap());
        assert!(!other.has_duty("housekeeping").await.unwrap(), "who left takes no duty from one that lives");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_gateways_that_ask_at_once_one_has_the_duty() {
        let base = Base::database();
        let gateways = [base.gateway().await, base.gateway().await, base.gateway().await, base.gateway().await];
        for duty in 0..10 {
            let duty = format!("duty {duty}");
            let asked = join_all(gateways.iter().map(|gateway| gateway.has_duty(&duty))).await;
            assert_eq!(asked.into_iter().filter(|has| *has.as_ref().unwrap()).count(), 1);
        }
    }

    #[tokio::test]
    async fn a_sign_of_a_gateway_whose_row_is_gone_is_refused_so_that_it_joins_again() {
        let base = Base::database();
        let gateway = base.gateway().await;
        let ahead = gateway.give_sign().await.unwrap();
        assert!(ahead.abs() < 5_000_000, "one machine has one clock: {ahead} µs");
        base.run("DELETE FROM gateway").await;
        assert!(matches!(gateway.give_sign().await, Err(Fault::Refused(_))));
        gateway.join("again").await.unwrap();
        gateway.give_sign().await.unwrap();
    }
}
