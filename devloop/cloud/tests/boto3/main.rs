//! The services as unmodified clients use them: boto3, the AWS CLI, and the requests of older clients. Each script in this
//! folder tests one service, and each of its tests is one test here, with a cloud of its own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use tokio::{net::TcpListener, process::Command, sync::oneshot};

/// Runs a test of a script against a new cloud. On failure it prints the script's output.
async fn passes(script: &str, test: &str) {
    let mut python = Command::from(test_tools::python(&["boto3"]));
    test_tools::program("aws");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let cloud = tokio::spawn(devloop_cloud::run(listener, async {
        let _ = stopped.await;
    }));
    let path = format!("{}/tests/boto3/{script}", env!("CARGO_MANIFEST_DIR"));
    let output = python.args([&path, &endpoint, test]).output().await.unwrap();
    assert!(
        output.status.success(),
        "{script}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    stop.send(()).unwrap();
    cloud.await.unwrap().unwrap();
}

/// The names of a script's tests, in their order.
fn tests_of(script: &str) -> Vec<&str> {
    let functions = script.lines().filter_map(|line| line.strip_prefix("def test_"));
    functions.map(|rest| rest.split('(').next().unwrap()).collect()
}

/// A module for each script, with its tests by name. A test that is missing from this list is reported.
macro_rules! scripts {
    ($($script:ident: $($test:ident)+;)+) => {$(
        mod $script {
            $(
                #[tokio::test]
                async fn $test() {
                    crate::passes(concat!(stringify!($script), ".py"), stringify!($test)).await;
                }
            )+

            #[test]
            fn every_test_of_the_script_is_listed() {
                let script = include_str!(concat!(stringify!($script), ".py"));
                assert_eq!(crate::tests_of(script), [$(stringify!($test)),+]);
            }
        }
    )+};
}

scripts! {
    apigateway:
        create_rest_api
        import_rest_api
        put_rest_api
        get_rest_apis
        update_rest_api
        create_resource
        get_resources
        put_method
        get_method
        put_integration
        update_integration
        create_deployment
        delete_deployment
        create_stage
        update_stage
        data_plane_in_its_three_forms
        data_plane_where_nothing_is
        account
        tags
        what_does_not_exist_here_is_refused_by_name
        authorizers
        keys_plans_validators_models_and_mocks
        parts_are_shown_listed_changed_and_deleted
        command_line
        deletes;
    apigatewayv2:
        apis
        routes_integrations_and_authorizers
        stages_and_deployments
        quick_create
        documents
        what_does_not_exist_here_is_refused_by_name;
    cloudformation:
        create_update_and_delete_a_stack
        a_failed_stack_goes_back_to_what_it_was
        change_sets
        change_sets_as_the_sam_cli_makes_them
        everything_that_is_not_there_is_named_at_once
        a_consumer_of_a_stream_is_a_source
        an_export_in_use_stays
        a_custom_resource_is_what_its_receiver_answers
        an_update_is_cancelled
        a_rollback_that_failed_goes_on
        a_failed_stack_that_was_left_is_rolled_back
        what_transforms_made_of_a_template_is_shown
        policies_of_creation_and_update
        hostile_templates_are_refused_soon
        networks_are_recorded
        the_command_line_packages_and_deploys_yaml;
    cloudwatch:
        get_metric_statistics_of_values_with_counts_and_percentiles
        get_metric_statistics_by_seconds_and_minutes
        statistic_sets_and_units
        put_metric_data_refusals
        get_metric_statistics_refusals
        what_does_not_exist_here_is_refused_by_name
        get_metric_data
        get_metric_data_in_pages
        get_metric_data_refusals
        metric_math_and_trimmed_statistics
        put_metric_alarm
        set_alarm_state
        list_metrics
        dashboards
        query_protocol
        json_protocol
        command_line;
    dynamodb:
        create_table
        list_tables
        list_tags_of_resource
        put_item_keeps_every_type
        put_item_whose_condition_fails
        update_item
        query
        query_of_an_index_in_pages
        scan_in_segments
        batch_get_item
        transactions
        streams
        delete_table;
    events:
        buses
        rules_and_targets
        events_reach_targets
        a_stream_is_a_target
        outcomes_of_functions_reach_a_bus
        what_does_not_exist_here_is_refused_by_name;
    iam:
        create_role
        get_role
        update_role
        role_tags
        list_roles
        inline_policies
        attach_role_policy
        delete_role
        service_linked_roles
        policy_versions
        policies_of_roles
        delete_policy
        users_are_refused_by_name;
    kinesis:
        create_stream
        describe_stream
        describe_stream_summary
        list_streams
        list_shards
        increase_stream_retention_period
        settings_of_a_stream
        enable_enhanced_monitoring
        tags
        put_record
        put_records
        get_records
        get_shard_iterator
        split_shard
        merge_shards
        update_shard_count
        register_stream_consumer
        list_stream_consumers
        deregister_stream_consumer
        subscribe_to_shard
        command_line
        delete_stream;
    languages:
        packages_of_both_languages
        a_folder_is_reloaded
        source_text_in_a_template;
    logs:
        create_log_group
        describe_log_groups
        retention_policy
        tags
        delete_log_group
        create_log_stream
        describe_log_streams
        delete_log_stream
        put_log_events
        get_log_events
        get_log_events_tokens_end_where_the_stream_ends
        filter_log_events
        filter_log_events_patterns
        filter_log_events_as_tail_follows
        what_does_not_exist_here_is_refused_by_name
        command_line;
    mappings:
        create_and_get_with_every_option
        update_disable_and_enable
        list_and_delete
        tags
        other_sources
        refusals
        command_line;
    pipeline:
        clients_build_and_watch_a_pipeline;
    s3:
        buckets
        put_and_get_object
        checksums_of_every_algorithm
        objects_without_a_checksum_have_crc64nvme
        copy_object
        lists
        delete_objects
        versions
        transfer_in_parts
        checksums_of_uploads_in_parts
        uploads_are_listed_and_aborted
        uploads_are_listed_by_what_their_keys_begin_with
        conditions
        presigned_requests
        presigned_forms
        settings_of_buckets
        notifications
        what_does_not_exist_here_is_refused_by_name
        command_line;
    scheduler:
        schedules
        groups
        a_schedule_is_fired_by_hand;
    secretsmanager:
        create_and_read
        versions_and_their_stages
        delete_and_restore
        lists_and_filters
        random_passwords
        tags_and_policies
        what_does_not_exist_here_is_refused_by_name
        a_stack_generates_secrets_and_reads_them;
    shapes:
        alarms
        queues
        topics
        apis_keys_and_plans
        http_apis
        buses_and_rules
        schedules;
    s3_shapes:
        every_operation_answers_in_the_shape_of_moto;
    sns:
        publish_and_subscribe
        subscriptions_are_confirmed_listed_and_topics_changed
        command_line;
    sqs:
        create_queue
        get_queue_url
        list_queues
        queue_attributes
        a_queue_shows_its_key_of_kms_in_place_of_its_own_encryption
        queue_tags
        message_attributes_and_their_digest
        send_message
        change_message_visibility
        delete_message
        batches
        purge_queue
        receive_message_waits_for_a_send
        dead_letters
        fifo_queues
        message_move_tasks
        permissions
        delete_queue
        command_line
        query_protocol_queues
        query_protocol_messages
        query_protocol_errors;
    ssm:
        put_parameter
        get_parameter
        get_parameter_that_is_secret
        get_parameters
        get_parameters_by_path
        get_parameter_history
        describe_parameters
        list_tags_for_resource
        delete_parameters;
    sts:
        get_caller_identity
        assume_role
        get_caller_identity_of_a_role
        get_session_token
        get_access_key_info
        assume_role_with_saml_is_refused_by_name;
}

/// What the page of the supported says of a service is driven by both clients: in words with underscores by boto3, with dashes
/// by the AWS CLI.
#[test]
fn every_operation_of_queues_topics_keys_and_alarms_is_driven() {
    let page = include_str!("../../../../docs/cloud.md");
    for (service, script) in [
        ("apigateway", include_str!("apigateway.py")),
        ("monitoring", include_str!("cloudwatch.py")),
        ("sns", include_str!("sns.py")),
        ("sqs", include_str!("sqs.py")),
    ] {
        let section =
            page.split("\n## ").find(|section| section.starts_with(&format!("{service}\n"))).unwrap();
        let operations = section.split("Operations:").nth(1).unwrap().split("\n\n").nth(1).unwrap();
        let operations = operations.lines().map(|line| line.trim_start_matches("- "));
        // Dashboards are boto3's alone here.
        for operation in operations.filter(|operation| !operation.contains("Dashboard")) {
            let words = |between: char| {
                let capital = |(at, sign): (usize, char)| {
                    let lower = sign.to_ascii_lowercase();
                    if sign.is_ascii_uppercase() && at > 0 { vec![between, lower] } else { vec![lower] }
                };
                operation.char_indices().flat_map(capital).collect::<String>()
            };
            assert!(
                script.contains(&format!(".{}", words('_'))),
                "{service}: boto3 does not drive {operation}"
            );
            assert!(
                script.contains(&format!("\"{}\"", words('-'))),
                "{service}: the AWS CLI does not drive {operation}"
            );
        }
    }
}
