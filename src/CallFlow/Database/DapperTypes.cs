using System.Data;
using System.Runtime.CompilerServices;
using Dapper;

namespace CallCrm.CallFlow;

/// <summary>Makes Dapper read and write times as UTC <see cref="DateTimeOffset"/>, and days as <see cref="DateOnly"/>.</summary>
public static class DapperTypes
{
#pragma warning disable CA2255 // Everything that runs SQL here needs it, in tests too.
    [ModuleInitializer]
    internal static void Register()
#pragma warning restore CA2255
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset));
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset?));
        SqlMapper.AddTypeHandler(new Times());
        SqlMapper.AddTypeHandler(new Days());
    }

    sealed class Times : SqlMapper.TypeHandler<DateTimeOffset>
    {
        public override DateTimeOffset Parse(object value) => value switch
        {
            DateTimeOffset at => at.ToUniversalTime(),
            DateTime { Kind: DateTimeKind.Utc } at => new DateTimeOffset(at),
            _ => throw new InvalidCastException($"{value.GetType().Name} is no UTC time: the column must be timestamptz."),
        };

        public override void SetValue(IDbDataParameter parameter, DateTimeOffset value) => parameter.Value = value.UtcDateTime;
    }

    sealed class Days : SqlMapper.TypeHandler<DateOnly>
    {
        public override DateOnly Parse(object value) => value switch
        {
            DateOnly day => day,
            DateTime at => DateOnly.FromDateTime(at),
            _ => throw new InvalidCastException($"{value.GetType().Name} is no day: the column must be date."),
        };

        public override void SetValue(IDbDataParameter parameter, DateOnly value) => parameter.Value = value;
    }
}
