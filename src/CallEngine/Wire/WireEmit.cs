using System.Reflection;
using System.Reflection.Emit;

namespace CallCrm.Engine.Wire;

/// <summary>Code that reads and writes fields, made once per type: through reflection a large state would take seconds.</summary>
internal static class WireEmit
{
    /// <returns>(writer, value, codecs): each field to the codec of its place.</returns>
    public static TDelegate Writer<TDelegate>(Type type, FieldInfo[] fields) where TDelegate : Delegate
    {
        var (method, il, target) = Begin<TDelegate>(type);
        for (var i = 0; i < fields.Length; i++)
        {
            var codec = typeof(WireCodec<>).MakeGenericType(fields[i].FieldType);
            LoadFrom(il, i);
            il.Emit(OpCodes.Ldarg_0);
            Load(il, target);
            il.Emit(OpCodes.Ldfld, fields[i]);
            il.Emit(OpCodes.Callvirt, codec.GetMethod(nameof(WireCodec<int>.Write))!);
        }

        il.Emit(OpCodes.Ret);
        return method.CreateDelegate<TDelegate>();
    }

    /// <param name="fields">In the order of the file; null where this version has no such field any more.</param>
    /// <returns>(reader, value, takers): each field from the taker of its place, or passed over.</returns>
    public static TDelegate Reader<TDelegate>(Type type, FieldInfo?[] fields) where TDelegate : Delegate
    {
        var (method, il, target) = Begin<TDelegate>(type);
        for (var i = 0; i < fields.Length; i++)
        {
            if (fields[i] is not { } field)
            {
                LoadFrom(il, i);
                il.Emit(OpCodes.Ldarg_0);
                il.Emit(OpCodes.Callvirt, typeof(WirePass).GetMethod(nameof(WirePass.Skip), [typeof(WireReader)])!);
                continue;
            }

            var taker = typeof(WireTaker<>).MakeGenericType(field.FieldType);
            Load(il, target);
            LoadFrom(il, i);
            il.Emit(OpCodes.Ldarg_0);
            Load(il, target);
            il.Emit(OpCodes.Ldfld, field);
            il.Emit(OpCodes.Callvirt, taker.GetMethod(nameof(WireTaker<int>.Read))!);
            il.Emit(OpCodes.Stfld, field);
        }

        il.Emit(OpCodes.Ret);
        return method.CreateDelegate<TDelegate>();
    }

    private static (DynamicMethod Method, ILGenerator Code, LocalBuilder? Target) Begin<TDelegate>(Type type) where TDelegate : Delegate
    {
        var parameters = typeof(TDelegate).GetMethod("Invoke")!.GetParameters().Select(p => p.ParameterType).ToArray();
        var method = new DynamicMethod("Wire" + type.Name, null, parameters, typeof(WireEmit).Module, skipVisibility: true);
        var il = method.GetILGenerator();
        if (type.IsValueType)
            return (method, il, null);
        var target = il.DeclareLocal(type);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Castclass, type);
        il.Emit(OpCodes.Stloc, target);
        return (method, il, target);
    }

    /// <summary>A class's instance, or the address of the struct.</summary>
    private static void Load(ILGenerator il, LocalBuilder? target)
    {
        if (target is null)
            il.Emit(OpCodes.Ldarg_1);
        else
            il.Emit(OpCodes.Ldloc, target);
    }

    /// <summary>Of the right type by how the list was made: a cast for each field would take as long as the rest.</summary>
    private static void LoadFrom(ILGenerator il, int index)
    {
        il.Emit(OpCodes.Ldarg_2);
        il.Emit(OpCodes.Ldc_I4, index);
        il.Emit(OpCodes.Ldelem_Ref);
    }
}
