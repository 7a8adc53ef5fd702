using Npgsql;

namespace CallCrm.CallFlow;

/// <summary>
/// Sessions whose every statement goes by keys, for what a call waits for. Each is planned once a session: PostgreSQL plans one that takes an array anew at every use, as it takes ten
/// elements for more work than the one that comes, and the planning of a card's reads costs several times the reads. A plan is made again when its tables are analyzed.
/// </summary>
internal static class KeyedSessions
{
    const string Plans = "-c plan_cache_mode=force_generic_plan";

    public static NpgsqlConnectionStringBuilder Of(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { MaxAutoPrepare = 60, AutoPrepareMinUsages = 2 };
        settings.Options = string.IsNullOrEmpty(settings.Options) ? Plans : $"{settings.Options} {Plans}";
        return settings;
    }
}
