namespace CallCrm.AgentWeb.Scripts;

/// <summary>What a new script begins as: its form, with nothing said yet.</summary>
static class ScriptTemplate
{
    public static string For(string id, string language) =>
        $$"""
        id: {{id}}
        title: "…"
        language: {{language}}
        priority: 10
        for:
          client: known
          direction: inbound

        greeting:
          - "{{Day}}, {{Company}}, {{Agent}}."

        steps:
          - id: need
            title: "…"
            say:
              - "…"
            questions:
              - id: need_words
                ask: "…"
                kind: text
                required: true
                fills: client.need
          - id: close
            title: "…"
            say:
              - "…"
            goto: end

        objections:
          - id: no_time
            when: "…"
            say:
              - "…"

        """.ReplaceLineEndings("\n");

    const string Day = "{{day.greeting}}";
    const string Company = "{{company.name}}";
    const string Agent = "{{agent.name}}";
}
